/**
 * Access tokens: JWTs of type `at+jwt` (RFC 9068) signed with Ed25519 (`EdDSA`, RFC 8037).
 *
 * A verifier that reads the header learns from it how to verify, which is where algorithm confusion begins. Ours reads none: for each
 * key there is exactly one header that we ever write, and a token starts with one of them, byte by byte, or is refused.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { JWTPayload } from 'jose';
import { calculateJwkThumbprint } from 'jose/jwk/thumbprint';
import { SignJWT } from 'jose/jwt/sign';
import { jwtVerify } from 'jose/jwt/verify';
import type { Clock } from '../../application/kernel/ports.ts';
import type { AccessClaims, AccessTokens, MakeSessionKey } from '../../application/tenancy/ports.ts';
import { ACCESS_TOKEN_SECONDS, type SessionJwk, type SessionKeys } from '../../application/tenancy/session-keys.ts';
import type { SubjectId, TenantId } from '../../domain/kernel/ids.ts';
import { createBoundedCache } from './bounded-cache.ts';

const ALGORITHM = 'EdDSA';
const TYPE = 'at+jwt';
export const AUDIENCE = 'chancery';
const LONGEST = 4_096;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u;

const headerOf = (kid: string) => ({ alg: ALGORITHM, kid, typ: TYPE });
const encodedHeader = (kid: string): string => Buffer.from(JSON.stringify(headerOf(kid))).toString('base64url');

/** Base64url without padding or stray bits: every other spelling of the same bytes is refused. */
const isCanonical = (part: string): boolean => Buffer.from(part, 'base64url').toString('base64url') === part;

const claimsOf = ({ sub, tid, sid }: JWTPayload): AccessClaims | undefined => {
  const texts = [sub, tid, sid];
  if (!texts.every((text) => typeof text === 'string' && UUID.test(text))) return undefined;
  return { userId: sub as SubjectId, tenant: tid as TenantId, sessionId: sid as string };
};

type Deps = Readonly<{ keys: SessionKeys; clock: Clock; /** PUBLIC_URL */ issuer: string }>;

/** The header's key is found by comparing; the rest of the work is jose's. */
const createVerify = ({ keys, clock, issuer }: Deps): AccessTokens['verify'] => {
  const publicKeys = createBoundedCache<string, KeyObject>(100);
  const publicKey = (jwk: SessionJwk): KeyObject =>
    publicKeys.get(jwk.kid) ?? publicKeys.keep(jwk.kid, createPublicKey({ key: { kty: jwk.kty, crv: jwk.crv, x: jwk.x }, format: 'jwk' }));

  return async (token) => {
    const parts = token.split('.');
    if (token.length > LONGEST || parts.length !== 3 || !parts.every(isCanonical)) return undefined;
    const jwk = (await keys.verifying()).find(({ kid }) => encodedHeader(kid) === parts[0]);
    if (jwk === undefined) return undefined;
    try {
      const { payload } = await jwtVerify(token, publicKey(jwk), {
        algorithms: [ALGORITHM],
        typ: TYPE,
        issuer,
        audience: AUDIENCE,
        requiredClaims: ['sub', 'tid', 'sid', 'iat', 'exp'],
        currentDate: new Date(clock.now()),
      });
      return claimsOf(payload);
    } catch {
      return undefined;
    }
  };
};

export const createAccessTokens = (deps: Deps): AccessTokens => {
  const { keys, clock, issuer } = deps;
  const privateKeys = createBoundedCache<string, KeyObject>(2);
  const signingKey = async (): Promise<Readonly<{ kid: string; key: KeyObject }>> => {
    const { kid, open } = await keys.signing();
    const known = privateKeys.get(kid);
    if (known !== undefined) return { kid, key: known };
    const der = await open();
    const key = createPrivateKey({ key: Buffer.from(der.buffer, der.byteOffset, der.byteLength), format: 'der', type: 'pkcs8' });
    der.fill(0);
    return { kid, key: privateKeys.keep(kid, key) };
  };

  return {
    issue: async ({ userId, tenant, sessionId, slug, role, amr }) => {
      const { kid, key } = await signingKey();
      const issuedAt = Math.floor(clock.now() / 1_000);
      const token = await new SignJWT({ tid: tenant, slug, role, amr: [...amr], sid: sessionId })
        .setProtectedHeader(headerOf(kid))
        .setSubject(userId)
        .setIssuer(issuer)
        .setAudience(AUDIENCE)
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + ACCESS_TOKEN_SECONDS)
        .sign(key);
      return { token, expiresIn: ACCESS_TOKEN_SECONDS };
    },
    verify: createVerify(deps),
  };
};

/** A new Ed25519 key; its kid is its thumbprint (RFC 7638). */
export const makeSessionKey: MakeSessionKey = async () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const { x } = publicKey.export({ format: 'jwk' });
  if (x === undefined) throw new Error('an Ed25519 key without its public point');
  const kid = await calculateJwkThumbprint({ kty: 'OKP', crv: 'Ed25519', x });
  return { kid, publicKey: x, privateKey: privateKey.export({ format: 'der', type: 'pkcs8' }) };
};
