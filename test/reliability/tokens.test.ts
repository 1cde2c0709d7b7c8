/** Promise 18, its part on tokens: nothing but our own tokens is accepted, and secrets are long, random and stored as hashes. */
import { expect } from 'chai';
import { createHmac, createPublicKey, generateKeyPairSync, verify, type KeyObject } from 'node:crypto';
import { decodeJwt } from 'jose';
import type { SessionKeys } from '../../application/tenancy/session-keys.ts';
import type { SubjectId, TenantId } from '../../domain/kernel/ids.ts';
import { createAccessTokens } from '../../infrastructure/crypto/access-tokens.ts';
import { secretTokens } from '../../infrastructure/crypto/secret-tokens.ts';
import { forgeries, type Forgery, type Target } from './forged-tokens.ts';

const NOW = Date.parse('2026-03-09T15:00:00.000Z');
const ISSUER = 'https://chancery.example';
const CONTENTS = {
  tenant: '019aa5c4-6f00-7000-8000-0000000000f0' as TenantId,
  userId: '019aa5c4-6f00-7000-8000-00000000000a' as SubjectId,
  sessionId: '019aa5c4-6f00-7000-8000-00000000000c',
  slug: 'acme',
  role: 'owner',
  amr: ['pwd'],
};

const keysOf = (kid: string, privateKey: KeyObject, publicKey: KeyObject): SessionKeys => ({
  signing: async () => ({ kid, open: async () => privateKey.export({ format: 'der', type: 'pkcs8' }) }),
  verifying: async () => [{ kty: 'OKP', crv: 'Ed25519', use: 'sig', alg: 'EdDSA', kid, x: publicKey.export({ format: 'jwk' }).x ?? '' }],
  rotate: async () => kid,
});

const prepare = async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const kid = 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k';
  const clock = { time: NOW, now: () => clock.time };
  const tokens = createAccessTokens({ keys: keysOf(kid, privateKey, publicKey), clock, issuer: ISSUER });
  const { token } = await tokens.issue(CONTENTS);
  const target: Target = { kid, privateKey, publicKey, token, claims: decodeJwt(token) };
  return { clock, tokens, target };
};

type Verify = (token: string) => Promise<unknown>;

/** What of a corpus a verifier falls for. */
const accepted = async (corpus: readonly Forgery[], check: Verify): Promise<readonly string[]> => {
  const fallen: string[] = [];
  for (const [what, token] of corpus) if ((await check(token)) !== undefined) fallen.push(what);
  return fallen;
};

type Header = Readonly<{ alg?: unknown; jwk?: never }>;

const fitsAsTold = ({ alg, jwk }: Header, input: Buffer, signature: Buffer, publicKey: KeyObject): boolean => {
  const key = jwk === undefined ? publicKey : createPublicKey({ key: jwk, format: 'jwk' });
  if (String(alg).toLowerCase() === 'none') return true;
  if (alg !== 'HS256') return verify(null, input, key, signature);
  return createHmac('sha256', key.export({ format: 'pem', type: 'spki' })).update(input).digest().equals(signature);
};

/** The planted fault: a verifier that does as the header says. */
const trusting = ({ publicKey }: Target): Verify => async (token) => {
  const [header = '', payload = '', signature = ''] = token.split('.');
  try {
    const told = JSON.parse(Buffer.from(header, 'base64url').toString()) as Header;
    return fitsAsTold(told, Buffer.from(`${header}.${payload}`), Buffer.from(signature, 'base64url'), publicKey) ? {} : undefined;
  } catch {
    return undefined;
  }
};

describe('reliability: access tokens', () => {
  it('of ours are accepted until they expire', async () => {
    const { tokens, target, clock } = await prepare();
    const claims = { tenant: CONTENTS.tenant, userId: CONTENTS.userId, sessionId: CONTENTS.sessionId };
    expect(await tokens.verify(target.token)).to.deep.equal(claims);
    clock.time = NOW + 899_999;
    expect(await tokens.verify(target.token)).to.deep.equal(claims);
    for (const late of [900_000, 86_400_000, 10 * 365 * 86_400_000]) {
      clock.time = NOW + late;
      expect(await tokens.verify(target.token), `after ${late} ms`).to.equal(undefined);
    }
  });

  it('of others are refused, however they are forged', async () => {
    const { tokens, target } = await prepare();
    const corpus = forgeries(target);
    expect(corpus.length, 'forgeries tried').to.be.greaterThan(800);
    expect(await accepted(corpus, (token) => tokens.verify(token))).to.deep.equal([]);
  });

  it('would not be safe with a verifier that trusts the header: the corpus finds it out', async () => {
    const { target } = await prepare();
    const fallen = await accepted(forgeries(target), trusting(target));
    expect(fallen).to.include.members([
      'alg none without signature',
      'HS256 with the public key (SPKI PEM)',
      "jwk of the forger's",
      'the example key of ML-DSA-65 brought along',
      'b64 false',
      'typ JWT',
      'another issuer',
      'expired long ago',
      'the signature spelt differently',
    ]);
  });
});

describe('reliability: secrets that programs present', () => {
  it('hold more than 160 random bits, spread evenly', () => {
    const made = Array.from({ length: 4_000 }, () => secretTokens.make('').split(''));
    expect(made.every((secret) => secret.length === 32)).to.equal(true);
    const counts = new Map<string, number>();
    for (const character of made.flat()) counts.set(character, (counts.get(character) ?? 0) + 1);
    expect(counts.size).to.equal(62);
    const expected = (4_000 * 32) / 62;
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // 61 degrees of freedom: beyond 131 once in a million runs. Without the even choice from bytes it would be near 850.
    expect(chiSquare).to.be.lessThan(131);
    expect(32 * Math.log2(counts.size)).to.be.greaterThan(160);
  });

  it('are compared by their hashes', () => {
    const secret = secretTokens.make('qwick_ak_');
    expect(secretTokens.hash(secret)).to.match(/^[\w-]{43}$/u).and.not.include(secret);
    expect(secretTokens.same(secret, secret)).to.equal(true);
    expect(secretTokens.same(secret, `${secret}x`)).to.equal(false);
  });
});
