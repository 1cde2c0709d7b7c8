/** What every signature engine keeps to, over the algorithms it knows. */
import { expect } from 'chai';
import { SIZES, type SignatureAlgorithm, type SignatureEngine } from '../../application/keys/ports.ts';
import { fromHex, inputOf, publicKeyOf, signSet, verifySet } from '../support/wycheproof.ts';
import { rejection } from '../support/rejections.ts';

const codeOf = async (promise: Promise<unknown>): Promise<string> => (await rejection(promise)).code;

const DATA = Buffer.from('what is signed');

/** One bit of each byte in turn would take long for ML-DSA: every 97th byte, and the ends. */
const flipped = (bytes: Uint8Array): readonly Uint8Array[] =>
  [0, bytes.length - 1, ...Array.from({ length: Math.floor(bytes.length / 97) }, (_, index) => (index + 1) * 97 - 1)].map((at) => {
    const copy = Uint8Array.from(bytes);
    copy[at] = (copy[at] ?? 0) ^ 1;
    return copy;
  });

const isMlDsa = (algorithm: SignatureAlgorithm): algorithm is 'ML-DSA-65' | 'ML-DSA-87' => algorithm !== 'Ed25519';

const vectorTests = (engine: () => SignatureEngine, algorithm: SignatureAlgorithm): void => {
  it('judges every vector of the verify set as published', async () => {
    const { testGroups, numberOfTests } = verifySet(algorithm);
    const deviations: number[] = [];
    let judged = 0;
    for (const group of testGroups) {
      const verifier = await engine().verifier(algorithm, publicKeyOf(group)).catch(() => undefined);
      for (const test of group.tests) {
        const valid = (await verifier?.verify(inputOf(test), fromHex(test.sig)).catch(() => false)) ?? false;
        if (valid !== (test.result === 'valid')) deviations.push(test.tcId);
        judged += 1;
      }
    }
    expect(deviations).to.deep.equal([]);
    expect(judged).to.equal(numberOfTests);
  });
};

const mlDsaTests = (engine: () => SignatureEngine, algorithm: 'ML-DSA-65' | 'ML-DSA-87'): void => {
  it('accepts the published signatures over μ, and signs over μ what verifies over the message', async () => {
    let checked = 0;
    for (const { privateSeed, tests } of signSet(algorithm).testGroups.filter((group) => fromHex(group.privateSeed).length === 32)) {
      const verifier = await engine().verifier(algorithm, await engine().publicKeyOf(algorithm, fromHex(privateSeed)));
      const signer = await engine().signer(algorithm, fromHex(privateSeed));
      for (const test of tests.filter(({ mu, result }) => mu !== undefined && result === 'valid').slice(0, 2)) {
        const mu = fromHex(test.mu ?? '');
        expect(await verifier.verify({ mu }, fromHex(test.sig)), `tcId ${test.tcId}`).to.equal(true);
        expect(await verifier.verify(inputOf(test), await signer.sign({ mu })), `tcId ${test.tcId}`).to.equal(true);
        checked += 1;
      }
    }
    expect(checked).to.be.greaterThan(30);
  });

  it('binds a context, and refuses one that is too long and a μ that is none', async () => {
    const { publicKey, seed } = await engine().generate(algorithm);
    const signer = await engine().signer(algorithm, seed);
    const verifier = await engine().verifier(algorithm, publicKey);
    const context = Buffer.from('a context');
    const signature = await signer.sign({ data: DATA, context });
    expect(await verifier.verify({ data: DATA, context }, signature)).to.equal(true);
    expect(await verifier.verify({ data: DATA }, signature)).to.equal(false);
    expect(await verifier.verify({ data: DATA, context: Buffer.alloc(0) }, await signer.sign({ data: DATA })), 'an empty context is none').to.equal(true);
    expect(await codeOf(signer.sign({ data: DATA, context: Buffer.alloc(256) }))).to.equal('keys.input_unusable');
    expect(await codeOf(verifier.verify({ mu: Buffer.alloc(63) }, signature))).to.equal('keys.input_unusable');
  });

  it('hedges: two signatures of the same are different', async () => {
    const { seed } = await engine().generate(algorithm);
    const signer = await engine().signer(algorithm, seed);
    expect(await signer.sign({ data: DATA })).not.to.deep.equal(await signer.sign({ data: DATA }));
  });
};

const algorithmTests = (engine: () => SignatureEngine, algorithm: SignatureAlgorithm): void => {
  it('signs what it verifies, with keys and signatures of the standard\'s sizes', async () => {
    const { publicKey, seed } = await engine().generate(algorithm);
    expect({ publicKey: publicKey.length, seed: seed.length }).to.deep.equal({ publicKey: SIZES[algorithm].publicKey, seed: SIZES[algorithm].seed });
    expect(Buffer.from(await engine().publicKeyOf(algorithm, Uint8Array.from(seed)))).to.deep.equal(Buffer.from(publicKey));
    const signature = await (await engine().signer(algorithm, seed)).sign({ data: DATA });
    expect(signature.length).to.equal(SIZES[algorithm].signature);
    expect([...seed].every((byte) => byte === 0), 'the seed is wiped').to.equal(true);
    const verifier = await engine().verifier(algorithm, publicKey);
    expect(await verifier.verify({ data: DATA }, signature)).to.equal(true);
    expect(await verifier.verify({ data: Buffer.from('something else') }, signature)).to.equal(false);
    const other = await engine().verifier(algorithm, (await engine().generate(algorithm)).publicKey);
    expect(await other.verify({ data: DATA }, signature)).to.equal(false);
  });

  it('finds every changed bit and every other length of a signature', async () => {
    const { publicKey, seed } = await engine().generate(algorithm);
    const signature = await (await engine().signer(algorithm, seed)).sign({ data: DATA });
    const verifier = await engine().verifier(algorithm, publicKey);
    const wrong = [...flipped(signature), signature.subarray(1), Buffer.concat([signature, Buffer.of(0)]), Buffer.alloc(0), Buffer.alloc(signature.length)];
    for (const one of wrong) expect(await verifier.verify({ data: DATA }, one)).to.equal(false);
  });

  it('refuses keys of another size by name', async () => {
    for (const size of [0, 31, 33]) expect(await codeOf(engine().signer(algorithm, new Uint8Array(size))), `${size}`).to.equal('keys.seed_unusable');
    expect(await codeOf(engine().publicKeyOf(algorithm, new Uint8Array(64)))).to.equal('keys.seed_unusable');
    const { publicKey } = SIZES[algorithm];
    for (const size of [0, publicKey - 1, publicKey + 1]) expect(await codeOf(engine().verifier(algorithm, new Uint8Array(size))), `${size}`).to.equal('keys.public_key_unusable');
  });

  vectorTests(engine, algorithm);
  if (isMlDsa(algorithm)) mlDsaTests(engine, algorithm);
};

export const signatureEngineContract = (engine: () => SignatureEngine, algorithms: readonly SignatureAlgorithm[]): void => {
  for (const algorithm of algorithms) describe(algorithm, () => algorithmTests(engine, algorithm));
};
