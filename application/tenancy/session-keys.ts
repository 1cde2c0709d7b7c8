/** The keys of access tokens: one signs, older ones verify until their last token has expired. */
import type { SessionKey } from '../../domain/tenancy/session-keys.ts';
import type { Cause, Clock } from '../kernel/ports.ts';
import type { Secrets } from '../kernel/sealing.ts';
import { instant } from './instant.ts';
import { places, streams, type TenancyAggregates } from './aggregates.ts';
import type { MakeSessionKey } from './ports.ts';

/** Life time of an access token, in seconds. */
export const ACCESS_TOKEN_SECONDS = 900;

/** RFC 8037 public key. */
export type SessionJwk = Readonly<{ kty: 'OKP'; crv: 'Ed25519'; use: 'sig'; alg: 'EdDSA'; kid: string; x: string }>;

export interface SessionKeys {
  /** The key that signs now, made when there is none. `open` gives its PKCS#8 DER. */
  signing(): Promise<Readonly<{ kid: string; open: () => Promise<Uint8Array> }>>;
  /** Everything that verifies now. */
  verifying(): Promise<readonly SessionJwk[]>;
  /** A new key signs from now on; the one before verifies until its last token has expired. Answers the kid that signs now. */
  rotate(cause: Cause): Promise<string>;
}

const SYSTEM: Cause = { actor: { kind: 'system', id: 'session-keys' }, correlation: 'session-keys' };

const jwkOf = ({ kid, publicKey }: SessionKey): SessionJwk => ({ kty: 'OKP', crv: 'Ed25519', use: 'sig', alg: 'EdDSA', kid, x: publicKey });

export const createSessionKeys = (
  deps: Readonly<{ aggregates: Pick<TenancyAggregates, 'sessionKeys'>; secrets: Secrets; makeKey: MakeSessionKey; clock: Clock }>,
): SessionKeys => {
  const { secrets, makeKey, clock } = deps;
  const aggregate = deps.aggregates.sessionKeys;

  const replace = async (replaces: string | undefined, cause: Cause): Promise<SessionKey | undefined> => {
    const { kid, publicKey, privateKey } = await makeKey();
    const sealed = await secrets.seal(places.sessionKey(kid), privateKey);
    privateKey.fill(0);
    const now = clock.now();
    const key = { kid, publicKey, privateKey: sealed, addedAt: instant(now) };
    const replacedVerifiesUntil = instant(now + ACCESS_TOKEN_SECONDS * 1_000);
    const data = { key, replacedVerifiesUntil, ...(replaces === undefined ? {} : { replaces }) };
    const { state } = await aggregate.execute(streams.sessionKeys, { type: 'AddSessionKey', data }, cause);
    return state.keys.at(-1);
  };

  const newest = async (): Promise<SessionKey> => {
    const { state } = await aggregate.load(streams.sessionKeys);
    const key = state.keys.at(-1) ?? (await replace(undefined, SYSTEM));
    if (key === undefined) throw new Error('no key signs access tokens');
    return key;
  };

  return {
    signing: async () => {
      const { kid, privateKey } = await newest();
      return { kid, open: () => secrets.open(places.sessionKey(kid), privateKey) };
    },
    verifying: async () => {
      await newest();
      const { state } = await aggregate.load(streams.sessionKeys);
      const now = instant(clock.now());
      return state.keys.filter(({ verifiesUntil }) => verifiesUntil === undefined || verifiesUntil > now).map(jwkOf);
    },
    rotate: async (cause) => {
      const { kid } = await newest();
      return (await replace(kid, cause))?.kid ?? kid;
    },
  };
};
