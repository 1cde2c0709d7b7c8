/** Published vectors through the verifier's own check of signatures: WebCrypto's ML-DSA and Ed25519, and ML-DSA in script. */
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { createLicenseVerifier } from '../../../packages/license-verifier/src/index.ts';
import { createCheckSignature, type SignatureAlgorithm, type Subtle } from '../../../packages/license-verifier/src/keys.ts';
import { fromHex, publicKeyOf, verifySet } from '../../support/wycheproof.ts';
import { AUDIENCE, withoutMlDsa } from './vendor.ts';

const RUNTIMES: readonly (readonly [string, Subtle])[] = [['WebCrypto', crypto.subtle], ['a WebCrypto without ML-DSA', withoutMlDsa]];
const SIZES: Readonly<Record<SignatureAlgorithm, number>> = { 'ML-DSA-65': 1_952, Ed25519: 32 };

type Example = Readonly<{ jwk: Readonly<Record<string, string>>; jws: string; raw_to_be_signed: string; raw_signature: string; raw_public_key: string }>;
const example = JSON.parse(readFileSync(new URL('../../vectors/jose-mldsa/ML_DSA_65.jose.json', import.meta.url), 'utf8')) as Example;

for (const [name, subtle] of RUNTIMES) {
  describe(`license verifier: published vectors with ${name}`, () => {
    for (const algorithm of ['ML-DSA-65', 'Ed25519'] as const) {
      it(`Wycheproof's ${algorithm} verify set, what has a context or a key of another size excepted`, async () => {
        const check = createCheckSignature(subtle);
        let seen = 0;
        for (const group of verifySet(algorithm).testGroups) {
          const publicKey = new Uint8Array(publicKeyOf(group));
          if (publicKey.length !== SIZES[algorithm]) continue;
          const key = { kid: 'x', algorithm, publicKey };
          for (const test of group.tests) {
            if (test.ctx !== undefined && test.ctx !== '') continue;
            const answer = await check(key, new Uint8Array(fromHex(test.sig ?? '')), new Uint8Array(fromHex(test.msg ?? '')));
            expect(answer, `${test.tcId} ${test.comment}`).to.equal(test.result === 'valid');
            seen += 1;
          }
        }
        expect(seen).to.be.greaterThan(100);
      });
    }

    it('the ML-DSA-65 example of the JOSE draft', async () => {
      const [key, signature, data] = [example.raw_public_key, example.raw_signature, example.raw_to_be_signed].map((hex) => new Uint8Array(Buffer.from(hex, 'hex'))) as [Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>];
      const check = createCheckSignature(subtle);
      expect(Buffer.from(key).toString('base64url')).to.equal(example.jwk.pub);
      expect(await check({ kid: 'x', algorithm: 'ML-DSA-65', publicKey: key }, signature, data)).to.equal(true);
      data[0] = (data[0] as number) ^ 1;
      expect(await check({ kid: 'x', algorithm: 'ML-DSA-65', publicKey: key }, signature, data)).to.equal(false);
    });
  });
}

describe('license verifier: published tokens', () => {
  it('the JOSE draft\'s example is a token, but none of ours', async () => {
    const { jwk } = example;
    const verifier = createLicenseVerifier({ keys: { keys: [{ ...jwk, purpose: 'licence' }] }, audience: AUDIENCE });
    expect((await verifier.verify(example.jws)).reason).to.equal('malformed');
  });
});
