/** What counts as one client where only an address tells clients apart. */
import { expect } from 'chai';
import { rateRule } from '../../../api/platform/principal.ts';
import { addressKey, networkKey } from '../../../application/tenancy/address-key.ts';
import { createLoginThrottle } from '../../../application/tenancy/login-throttle.ts';
import { createMemoryState } from '../../api/kernel/support.ts';

const TWO_OF_ONE = ['2001:db8:1:2::1', '2001:db8:1:2:ffff:ffff:ffff:ffff'] as const;
const NEIGHBOUR = '2001:db8:1:3::1';

describe('the client of an address', () => {
  it('is an IPv4 address, and the /64 of an IPv6 one', () => {
    expect(TWO_OF_ONE.map(addressKey)).to.deep.equal(['2001:db8:1:2::/64', '2001:db8:1:2::/64']);
    expect([NEIGHBOUR, '::1', '192.0.2.1', '::ffff:192.0.2.1'].map(addressKey)).to.deep.equal(['2001:db8:1:3::/64', '0:0:0:0::/64', '192.0.2.1', '192.0.2.1']);
    expect(addressKey('no address')).to.equal('no address');
  });

  it('is in the /24 of an IPv4 address, and the /64 of an IPv6 one', () =>
    expect(['192.0.2.1', '::ffff:192.0.2.254', NEIGHBOUR, 'no address'].map(networkKey)).to.deep.equal(['192.0.2.0/24', '192.0.2.0/24', '2001:db8:1:3::/64', 'no address']));

  it('is what strangers\' requests are counted by', () => {
    const [one, other, neighbour] = [...TWO_OF_ONE, NEIGHBOUR].map((ip) => rateRule({ kind: 'anonymous' }, { ip })?.key);
    expect(one).to.equal(other).and.not.to.equal(neighbour);
  });

  it('is what failed sign-ins are counted by', async () => {
    const clock = { now: () => 1_750_000_000_000 };
    const throttle = createLoginThrottle({ state: createMemoryState(clock.now), clock });
    const fail = (ip: string) => throttle.attempt([`ip:${ip}`], async () => undefined).then(() => 'failed', (error: { code: string }) => error.code);
    for (let n = 0; n < 10; n += 1) expect(await fail(TWO_OF_ONE[n % 2] ?? '')).to.equal('failed');
    expect(await Promise.all([...TWO_OF_ONE, NEIGHBOUR].map(fail))).to.deep.equal(['tenancy.too_many_attempts', 'tenancy.too_many_attempts', 'failed']);
  });
});
