/** Who is believed to be the client. */
import { expect } from 'chai';
import { createSharedAddresses, createClientAddress, normalizeAddress } from '../../../api/kernel/client-address.ts';

describe('addresses that many share', () => {
  it('are this machine\'s own and those of trusted proxies', () => {
    const isShared = createSharedAddresses(['10.0.0.0/8', '2001:db8::/32']);
    for (const address of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1', '10.1.2.3', '::ffff:10.1.2.3', '2001:db8::1']) expect(isShared(address), address).to.equal(true);
    for (const address of ['', '192.0.2.1', '::ffff:192.0.2.1', '2001:db9::1']) expect(isShared(address), address).to.equal(false);
  });
});

describe('client address', () => {
  it('trusts no header by default', () => {
    const addressOf = createClientAddress([]);
    expect(addressOf('203.0.113.9', '10.0.0.1')).to.equal('203.0.113.9');
    expect(addressOf('::ffff:127.0.0.1', '10.0.0.1')).to.equal('127.0.0.1');
    expect(addressOf(undefined, '10.0.0.1')).to.equal('0.0.0.0');
  });

  const cases: readonly (readonly [trusted: readonly string[], remote: string, forwarded: string | undefined, client: string])[] = [
    [['127.0.0.1'], '127.0.0.1', '203.0.113.9', '203.0.113.9'],
    [['127.0.0.1'], '::ffff:127.0.0.1', '203.0.113.9', '203.0.113.9'],
    [['127.0.0.0/8', '10.0.0.0/8'], '127.0.0.1', '1.1.1.1, 203.0.113.9, 10.1.2.3', '203.0.113.9'],
    [['127.0.0.1'], '127.0.0.1', '6.6.6.6, 203.0.113.9', '203.0.113.9'],
    [['127.0.0.1'], '192.0.2.1', '203.0.113.9', '192.0.2.1'],
    [['127.0.0.1'], '127.0.0.1', undefined, '127.0.0.1'],
    [['127.0.0.1'], '127.0.0.1', '', '127.0.0.1'],
    [['127.0.0.1'], '127.0.0.1', '203.0.113.9, unknown', '127.0.0.1'],
    [['0.0.0.0/0'], '127.0.0.1', '5.5.5.5, 6.6.6.6', '5.5.5.5'],
    [['fd00::/8'], 'fd00::1', '2001:DB8:0::0001', '2001:db8::1'],
    [['fd00::/8'], 'fd00::1', '[2001:db8::1]:4711', '2001:db8::1'],
    [['fd00::/8'], 'fd00::1', '::ffff:203.0.113.9', '203.0.113.9'],
    [['10.0.0.0/8'], '::ffff:10.1.1.1', '203.0.113.9:8080', '203.0.113.9'],
  ];
  for (const [trusted, remote, forwarded, client] of cases) {
    it(`${remote} saying ${forwarded ?? 'nothing'}, with ${trusted.join(' ')} trusted, is ${client}`, () =>
      expect(createClientAddress(trusted)(remote, forwarded)).to.equal(client));
  }

  it('gives one text to every way of writing an address', () => {
    expect(['::ffff:1.2.3.4', '::FFFF:0102:0304', ' 1.2.3.4 ', '1.2.3.4:80'].map(normalizeAddress)).to.deep.equal(Array(4).fill('1.2.3.4'));
    expect(['', 'unknown', '1.2.3', '1.2.3.4.5', '_hidden', '999.1.1.1'].map(normalizeAddress)).to.deep.equal(Array(6).fill(undefined));
  });

  it('refuses ranges that are none', () => {
    for (const range of ['10.0.0.0/33', '10.0.0', 'localhost', '::/129', '10.0.0.0/8/8', '10.0.0.0/', '10.0.0.0/-1']) {
      expect(() => createClientAddress([range]), range).to.throw(/not a CIDR/);
    }
  });
});
