import { expect } from 'chai';
import { createHmac } from 'node:crypto';
import { totp } from '../../../infrastructure/crypto/totp.ts';

/** RFC 6238, appendix B: the SHA-1 rows. The secret is the ASCII text 12345678901234567890; of the eight digits the last six are ours. */
const SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
const VECTORS: readonly (readonly [seconds: number, code: string])[] = [
  [59, '94287082'], [1_111_111_109, '07081804'], [1_111_111_111, '14050471'], [1_234_567_890, '89005924'], [2_000_000_000, '69279037'], [20_000_000_000, '65353130'],
];

/** RFC 4226, section 5.3, written down a second time. */
const hotp = (counter: number): string => {
  const moving = Buffer.alloc(8);
  moving.writeBigUInt64BE(BigInt(counter));
  const mac = createHmac('sha1', '12345678901234567890').update(moving).digest();
  const offset = (mac[19] ?? 0) & 0x0f;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
};

describe('one-time passwords', () => {
  for (const [seconds, code] of VECTORS) {
    it(`are those of RFC 6238 at ${seconds} s`, () => {
      expect(totp.step(SECRET, code.slice(2), seconds * 1_000)).to.equal(Math.floor(seconds / 30));
      expect(hotp(Math.floor(seconds / 30)), 'the second implementation').to.equal(code.slice(2));
    });
  }

  it('count one step before and after, and no further', () => {
    const step = 58_000_000;
    for (const [at, expected] of [[-2, undefined], [-1, step], [0, step], [1, step], [2, undefined]] as const) {
      for (const ms of [0, 29_999]) expect(totp.step(SECRET, hotp(step), (step + at) * 30_000 + ms), `${at} ${ms}`).to.equal(expected);
    }
  });

  it('are six digits and nothing else', () => {
    const right = hotp(58_000_000);
    for (const wrong of ['', ' ', `${right} `, right.slice(1), `0${right}`, `${right}\n`, '١٢٣٤٥٦', '1e5000', '-12345', `${right}\0`]) expect(totp.step(SECRET, wrong, 58_000_000 * 30_000)).to.equal(undefined);
  });

  it('have secrets of 160 bits, and a URI that apps read', () => {
    const secrets = new Set(Array.from({ length: 100 }, () => totp.makeSecret()));
    expect(secrets.size).to.equal(100);
    for (const secret of secrets) expect(secret).to.match(/^[A-Z2-7]{32}$/u);
    const uri = new URL(totp.uri(SECRET, { issuer: 'Chancery acme', account: 'ann+x@acme.example' }));
    expect([uri.protocol, uri.host, decodeURIComponent(uri.pathname)]).to.deep.equal(['otpauth:', 'totp', '/Chancery acme:ann+x@acme.example']);
    expect(Object.fromEntries(uri.searchParams)).to.deep.equal({ issuer: 'Chancery acme', secret: SECRET, algorithm: 'SHA1', digits: '6', period: '30' });
  });

  it('have recovery codes of 80 bits that are not misread', () => {
    const codes = Array.from({ length: 500 }, () => totp.makeRecoveryCode());
    expect(new Set(codes).size).to.equal(500);
    for (const code of codes) expect(code).to.match(/^(?:[0-9a-hjkmnp-tv-z]{4}-){3}[0-9a-hjkmnp-tv-z]{4}$/u);
    expect(new Set(codes.join('').replaceAll('-', '')).size).to.equal(32);
  });
});
