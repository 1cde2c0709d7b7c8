/** The signed revocation list, in pieces that follow one another in the log: whoever misses one notices, and nobody can leave an entry out. */
import type { TenantId } from '../../domain/kernel/ids.ts';
import { rejectFields } from '../../domain/kernel/rejection.ts';
import type { LicenceSigningAlgorithm } from '../../domain/licensing/signing-keys.events.ts';
import type { Cause, Clock } from '../kernel/ports.ts';
import type { LicenceBook, LicenceDigests, RevocationPlaces, UpToHead } from './ports.ts';
import { BEFORE_ALL, numericDate, signToken } from './signed-token.ts';
import type { LicenceSigningKeys } from './signing-keys.ts';

export const BUNDLE_TYPE = 'qlk-revocations+jwt';

/** Revocations in one piece: about 300 kB as it is sent. */
export const MOST_IN_A_BUNDLE = 5_000;

/** From where: everything, what stands after a position of the log, or what was revoked at or after a moment (UTC, ISO 8601 with milliseconds). */
export type Since = Readonly<{ position: string } | { moment: string }> | undefined;

export type RevocationBundle = Readonly<{
  /** A compact JWS. */
  token: string;
  kid: string;
  /** The piece is complete for what stands after `from`, up to and with `to`. */
  from: string;
  to: string;
  /** Whether more stands after `to`. */
  more: boolean;
  count: number;
  /** UTC, ISO 8601 with milliseconds. */
  issuedAt: string;
}>;

/** `signal`: aborted when nobody waits for the answer any more. */
type Asked = Readonly<{ since: Since; algorithm: LicenceSigningAlgorithm; signal?: AbortSignal }>;

export interface RevocationBundles {
  /** The next piece. Rejects with `request.invalid` {fields: since} for a position beyond the end of the log. */
  bundle(tenant: TenantId, asked: Asked, cause: Cause): Promise<RevocationBundle>;
}

export type BundleDeps = Readonly<{
  keys: LicenceSigningKeys;
  book: Pick<LicenceBook, 'revocationsAfter'>;
  places: RevocationPlaces;
  digests: LicenceDigests;
  upToHead: UpToHead;
  clock: Clock;
  issuer: string;
  /** Default 5,000. */
  most?: number;
}>;

const startOf = async ({ places }: Pick<BundleDeps, 'places'>, tenant: TenantId, { since, signal }: Asked): Promise<string> => {
  if (since === undefined) return BEFORE_ALL;
  return 'position' in since ? since.position : ((await places.before(tenant, since.moment, signal)) ?? BEFORE_ALL);
};

/** `revoked`: the hashes of the licence keys. */
type Piece = Readonly<{ revoked: readonly string[]; to: string; more: boolean }>;
type Range = Readonly<{ from: string; head: string; signal: AbortSignal | undefined }>;

/** What stands after `from`, as far as one piece goes. */
const read = async ({ book, digests, most = MOST_IN_A_BUNDLE }: BundleDeps, tenant: TenantId, { from, head, signal }: Range): Promise<Piece> => {
  const revoked: string[] = [];
  let to = from;
  for await (const { licenceKey, position } of book.revocationsAfter(tenant, from === BEFORE_ALL ? undefined : from, signal)) {
    if (revoked.length === most) return { revoked, to, more: true };
    // Here, where the reading gives way: thousands of hashes at once would keep everybody waiting.
    revoked.push(digests.sha256(licenceKey));
    to = position;
  }
  return { revoked, to: to > head ? to : head, more: false };
};

export const createRevocationBundles = (deps: BundleDeps): RevocationBundles => ({
  bundle: async (tenant, asked, cause) => {
    // Before anything is read: what is revoked from now on is not said to be in it.
    const now = deps.clock.now();
    // Before the end of the log is asked for: what is revoked meanwhile moves both.
    const from = await startOf(deps, tenant, asked);
    const head = (await deps.upToHead.revocations()) ?? BEFORE_ALL;
    if (from > head) return rejectFields({ since: 'is a position beyond the end of the log' });
    const { revoked, to, more } = await read(deps, tenant, { from, head, signal: asked.signal });
    const signer = await deps.keys.signer(tenant, asked.algorithm, cause);
    const token = await signToken(signer, BUNDLE_TYPE, { iss: deps.issuer, aud: tenant, iat: numericDate(now), from, to, more, revoked });
    return { token, kid: signer.kid, from, to, more, count: revoked.length, issuedAt: new Date(now).toISOString() };
  },
});
