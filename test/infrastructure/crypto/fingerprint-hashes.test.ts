import { expect } from 'chai';
import { fingerprintHashes } from '../../../infrastructure/crypto/fingerprint-hashes.ts';

const KEY = Uint8Array.from({ length: 32 }, (_, index) => 0x40 + index);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('the hashes of fingerprints', () => {
  it('KMAC256 is that of NIST SP 800-185, sample 4', () => {
    expect(hex(fingerprintHashes.keyed(KEY)('My Tagged Application', '\u0000\u0001\u0002\u0003', 64))).to.equal(
      '20c570c31346f703c9ac36c61c03cb64c3970d0cfc787e9b79599d273a68d2f7f69d4cc3de9d104a351689f27cf6f5951f0103f33f4f24871024d9c27773a8dd',
    );
  });

  it('one key serves any number of messages, customizations and lengths', () => {
    const hash = fingerprintHashes.keyed(KEY);
    const once = [hash('a', 'one', 16), hash('b', 'one', 16), hash('a', 'two', 16), hash('a', 'one', 79)].map(hex);
    expect([hash('a', 'one', 16), hash('b', 'one', 16), hash('a', 'two', 16), hash('a', 'one', 79)].map(hex)).to.deep.equal(once);
    expect(new Set(once.map((text) => text.slice(0, 32))).size).to.equal(4);
    expect(once.map(({ length }) => length)).to.deep.equal([32, 32, 32, 158]);
  });

  it('keeps the key when the caller wipes it', () => {
    const key = Uint8Array.from(KEY);
    const hash = fingerprintHashes.keyed(key);
    key.fill(0);
    expect(hex(hash('a', 'm', 16))).to.equal(hex(fingerprintHashes.keyed(KEY)('a', 'm', 16)));
  });

  it('SHA3-256 is that of FIPS 202', () => {
    expect(fingerprintHashes.digest(new Uint8Array(), '')).to.equal('a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a');
    expect(fingerprintHashes.digest(Uint8Array.of(0x61), 'bc')).to.equal('3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532');
  });

  it('compares texts', () => {
    expect([fingerprintHashes.equal('ab', 'ab'), fingerprintHashes.equal('ab', 'ac'), fingerprintHashes.equal('ab', 'abc'), fingerprintHashes.equal('', '')]).to.deep.equal([true, false, false, true]);
  });

  it('makes a new key each time', () => {
    expect([fingerprintHashes.newKey().length, hex(fingerprintHashes.newKey()) === hex(fingerprintHashes.newKey())]).to.deep.equal([32, false]);
  });
});
