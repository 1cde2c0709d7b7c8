import { isIP } from 'node:net';
import { expect } from 'chai';
import { contains, parseIpAddress, parseIpRange } from '../../../domain/signing/ip-range.ts';
import { seeded } from '../../support/seeded.ts';

const isIn = (range: string, address: string): boolean => {
  const [one, other] = [parseIpRange(range), parseIpAddress(address)];
  if (one === undefined || other === undefined) throw new Error(`${range} or ${address} does not parse`);
  return contains(one, other);
};

describe('IP ranges', () => {
  const cases: readonly (readonly [range: string, address: string, is: boolean])[] = [
    ['192.0.2.7', '192.0.2.7', true],
    ['192.0.2.7', '192.0.2.8', false],
    ['192.0.2.0/24', '192.0.2.255', true],
    ['192.0.2.0/24', '192.0.3.0', false],
    ['192.0.2.9/24', '192.0.2.1', true],
    ['192.0.2.128/25', '192.0.2.127', false],
    ['10.0.0.0/8', '10.255.255.255', true],
    ['0.0.0.0/0', '255.255.255.255', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['::/0', '192.0.2.1', false],
    ['::/0', '2001:db8::1', true],
    ['2001:db8::/32', '2001:db8:ffff::1', true],
    ['2001:db8::/32', '2001:db9::', false],
    ['2001:DB8::A', '2001:0db8:0:0:0:0:0:a', true],
    ['::1', '::1', true],
    ['fe80::/10', 'febf::1', true],
    ['192.0.2.7', '::ffff:192.0.2.7', true],
    ['192.0.2.7', '::ffff:c000:207', true],
    ['::ffff:192.0.2.0/120', '192.0.2.200', true],
    ['::ffff:192.0.2.0/120', '192.0.3.200', false],
    ['::ffff:0:0/96', '203.0.113.9', true],
  ];
  for (const [range, address, is] of cases) it(`${address} is ${is ? '' : 'not '}in ${range}`, () => expect(isIn(range, address)).to.equal(is));

  for (const text of [
    '', ' ', 'localhost', '192.0.2', '192.0.2.1.1', '192.0.2.256', '192.0.02.1', '192.0.2.-1', '192.0.2.1/33', '192.0.2.1/', '192.0.2.1/24/8', '192.0.2.1/+8',
    '192.0.2.1/08', ' 192.0.2.1', '192.0.2.1\n', '1e1.0.0.1', ':', ':::', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '1::2::3', '12345::', 'g::', '::1/129', '::192.0.2.256',
    'fe80::1%eth0', '[::1]', '1:2:3:4:5:6:7:8::', '::1:2:3:4:5:6:7:8', '192.0.2.1::', '0x7f.0.0.1', '2130706433', '/8', '::/',
  ]) {
    it(`${JSON.stringify(text)} is none`, () => expect(parseIpRange(text)).to.equal(undefined));
  }

  it('takes what node:net takes for an address, and nothing else', () => {
    const random = seeded(7);
    const parts = ['0', '1', '255', '256', 'ffff', 'abcde', '', ':', '::', '.', '192.0.2.1', 'g', '00'];
    let valid = 0;
    for (let tried = 0; tried < 20_000; tried += 1) {
      const text = Array.from({ length: 1 + random.below(9) }, () => random.pick(parts)).join(random.pick([':', '.', '']));
      expect(parseIpAddress(text) !== undefined, text).to.equal(isIP(text) !== 0);
      valid += isIP(text) === 0 ? 0 : 1;
    }
    expect(valid).to.be.greaterThan(200);
  });
});
