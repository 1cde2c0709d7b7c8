/** `/.well-known/chancery-keys.json`: every public key of the installation, for whoever would rather verify than ask. */
import type { SessionKeys } from '../../application/tenancy/session-keys.ts';
import type { PublishedKeys } from '../../projections/keys/published-keys.ts';

export type PublicKeysDeps = Readonly<{ sessionKeys: Pick<SessionKeys, 'verifying'>; published: PublishedKeys }>;

export type KeySet = Readonly<{ keys: readonly object[] }>;

/**
 * RFC 7517. `purpose` says what a key's signatures are for (`session`, `kms`, …): who verifies one kind of thing takes no key of another. The
 * same object for as long as nothing has changed.
 */
export const createPublicKeys = ({ sessionKeys, published }: PublicKeysDeps): (() => Promise<KeySet>) => {
  let made: Readonly<{ kids: string; others: readonly object[]; set: KeySet }> | undefined;
  return async () => {
    const sessions = await sessionKeys.verifying();
    const others = await published.all();
    const kids = sessions.map(({ kid }) => kid).join(' ');
    if (made?.kids !== kids || made.others !== others) {
      made = { kids, others, set: { keys: [...sessions.map((jwk) => ({ ...jwk, purpose: 'session' })), ...others] } };
    }
    return made.set;
  };
};
