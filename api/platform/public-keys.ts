/** `/.well-known/chancery-keys.json`: every public key of the installation, for whoever would rather verify than ask. */
import type { SessionKeys } from '../../application/tenancy/session-keys.ts';
import type { PublishedKeys } from '../../projections/keys/published-keys.ts';

export type PublicKeysDeps = Readonly<{ sessionKeys: Pick<SessionKeys, 'verifying'>; published: PublishedKeys }>;

/** RFC 7517. `purpose` says what a key's signatures are for (`session`, `kms`, …): who verifies one kind of thing takes no key of another. */
export const publicKeys = async ({ sessionKeys, published }: PublicKeysDeps): Promise<Readonly<{ keys: readonly object[] }>> => {
  const sessions = (await sessionKeys.verifying()).map((jwk) => ({ ...jwk, purpose: 'session' }));
  return { keys: [...sessions, ...(await published.all())] };
};
