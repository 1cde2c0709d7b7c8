/** Both implementations pass one suite; what one signs the other verifies, and the second signs the published bytes. */
import { expect } from 'chai';
import { SIGNATURE_ALGORITHMS, type SignatureAlgorithm } from '../../application/keys/ports.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import { createNativeSignatures, isNative } from '../../infrastructure/crypto/native-signatures.ts';
import { createNobleSignatures } from '../../infrastructure/crypto/noble-signatures.ts';
import { createSignatures, keyDigests } from '../../infrastructure/crypto/signatures.ts';
import { fromHex, inputOf, signSet, type WycheproofTest } from '../support/wycheproof.ts';
import { vector } from '../support/vectors.ts';
import { signatureEngineContract } from './signature-engine.contract.ts';

const ML_DSA = ['ML-DSA-65', 'ML-DSA-87'] as const;
const noble = createNobleSignatures();
const native = createNativeSignatures(noble);
/** `priv`: the seed, hex. */
type JoseExample = Readonly<{ priv: string; jwk: Readonly<{ pub: string; kid: string }> }>;

const DATA = Buffer.from('what is signed');

/** Hex; undefined when it is refused. */
const publishedSignature = async (algorithm: SignatureAlgorithm, seed: string, test: WycheproofTest): Promise<string | undefined> => {
  const engine = createNobleSignatures(() => (test.rnd === undefined ? new Uint8Array(32) : fromHex(test.rnd)));
  try {
    const signature = await (await engine.signer(algorithm, fromHex(seed))).sign(inputOf(test));
    return Buffer.from(signature).toString('hex');
  } catch (error) {
    if (error instanceof Rejection) return undefined;
    throw error;
  }
};

describe('contract: signatures by the runtime\'s OpenSSL', function suite() {
  this.timeout(20_000);
  signatureEngineContract(() => native, SIGNATURE_ALGORITHMS);

  it('knows every algorithm on the pinned runtime', () => {
    expect(SIGNATURE_ALGORITHMS.filter(isNative)).to.deep.equal(SIGNATURE_ALGORITHMS);
  });
});

describe('contract: ML-DSA by @noble/post-quantum', function suite() {
  this.timeout(20_000);
  signatureEngineContract(() => noble, ML_DSA);

  for (const algorithm of ML_DSA) {
    it(`signs the published bytes with ${algorithm}, given the published randomness (none: deterministic), and refuses what is published as invalid`, async () => {
      const { testGroups, numberOfTests } = signSet(algorithm);
      const judged = await Promise.all(testGroups.flatMap(({ privateSeed, tests }) => tests.map(async (test) => {
        const expected = test.result === 'valid' ? test.sig : undefined;
        return (await publishedSignature(algorithm, privateSeed, test)) === expected ? undefined : test.tcId;
      })));
      expect(judged.filter((tcId) => tcId !== undefined)).to.deep.equal([]);
      expect(judged).to.have.length(numberOfTests);
    });
  }
});

describe('contract: the program\'s signatures', function suite() {
  this.timeout(20_000);
  const fallen = createSignatures(() => false);
  const engines = { OpenSSL: createSignatures(), noble: fallen };

  for (const algorithm of ML_DSA) {
    for (const [signs, verifies] of [['OpenSSL', 'noble'], ['noble', 'OpenSSL']] as const) {
      it(`${algorithm}: ${verifies} verifies what ${signs} signs, from the same seed and with the same public key`, async () => {
        const { seed, publicKey } = await engines[signs].generate(algorithm);
        expect(Buffer.from(await engines[verifies].publicKeyOf(algorithm, Uint8Array.from(seed)))).to.deep.equal(Buffer.from(publicKey));
        const context = Buffer.from('context');
        const signature = await (await engines[signs].signer(algorithm, seed)).sign({ data: DATA, context });
        const verifier = await engines[verifies].verifier(algorithm, publicKey);
        expect(await verifier.verify({ data: DATA, context }, signature)).to.equal(true);
        expect(await verifier.verify({ data: DATA }, signature)).to.equal(false);
      });
    }

    it(`${algorithm}: public key and thumbprint of the JOSE examples`, async () => {
      const { priv, jwk: { pub, kid } } = JSON.parse(vector(`jose-mldsa/${algorithm.replaceAll('-', '_')}.jose.json`).toString('utf8')) as JoseExample;
      const publicKey = Buffer.from(await engines.OpenSSL.publicKeyOf(algorithm, fromHex(priv))).toString('base64url');
      expect(publicKey).to.equal(pub);
      expect(keyDigests.thumbprint(algorithm, publicKey)).to.equal(kid);
    });
  }

  it('gives the thumbprint of RFC 8037 appendix A.3', () => {
    expect(keyDigests.thumbprint('Ed25519', '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo')).to.equal('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k');
  });

  it('gives SHA3-256 of nothing as FIPS 202 has it', () => {
    expect(keyDigests.sha3(new Uint8Array())).to.equal('a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a');
  });
});
