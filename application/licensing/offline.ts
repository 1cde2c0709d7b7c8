/** Licences for offline use: signed, so that whoever holds the account's public keys can check them without asking anybody. */
import type { TenantId } from '../../domain/kernel/ids.ts';
import { reject } from '../../domain/kernel/rejection.ts';
import type { OfflineLicenceIssued } from '../../domain/licensing/offline.events.ts';
import type { LicenceSigningAlgorithm } from '../../domain/licensing/signing-keys.events.ts';
import type { Cause, Clock, EventStore } from '../kernel/ports.ts';
import type { Secrets } from '../kernel/sealing.ts';
import { createFingerprintsOf, type Fingerprints } from './fingerprints.ts';
import { statusOf, type Licence, type LicenceStatus } from './licences.ts';
import type { FingerprintHashes, LicenceBook, LicenceDigests, UpToHead } from './ports.ts';
import { BEFORE_ALL, numericDate, signToken } from './signed-token.ts';
import type { LicenceSigningKeys } from './signing-keys.ts';
import { offlineStream } from './streams.ts';

export const LICENCE_TYPE = 'qlk+jwt';
export const MOST_GRACE_DAYS = 90;

const DAY_SECONDS = 86_400;
const DAY_LENGTH = '2026-11-22'.length;

export type WantedOffline = Readonly<{
  /** In upper case. */
  licenceKey: string;
  algorithm: LicenceSigningAlgorithm;
  /** 0 to 90: how long the licence still works after its end. */
  graceDays: number;
}>;

/** Times are UTC, ISO 8601 with milliseconds. */
export type OfflineLicence = Readonly<{
  /** A compact JWS. */
  token: string;
  kid: string;
  issuedAt: string;
  validUntil: string;
  graceUntil: string;
  /** Up to here in the log the licence was known as not revoked. */
  position: string;
}>;

export interface OfflineLicences {
  /**
   * Recorded before the answer. Rejects with `licensing.licence_not_found`, and with `licensing.offline_forged` (the fingerprint is not that of what
   * the licence says), `licensing.offline_revoked`, `licensing.offline_expired` or `licensing.offline_erased` (the end customer was) when there is
   * nothing to vouch for.
   */
  issue(tenant: TenantId, wanted: WantedOffline, cause: Cause): Promise<OfflineLicence>;
}

/** `issuer`: the `iss` of what is signed. */
export type OfflineDeps = Readonly<{
  store: EventStore;
  secrets: Secrets;
  hashes: FingerprintHashes;
  keys: LicenceSigningKeys;
  book: Pick<LicenceBook, 'get'>;
  digests: LicenceDigests;
  upToHead: UpToHead;
  clock: Clock;
  issuer: string;
}>;

const REFUSED: Readonly<Record<LicenceStatus, string | undefined>> = { active: undefined, revoked: 'licensing.offline_revoked', expired: 'licensing.offline_expired' };

type Holding = Licence & Readonly<{ endCustomerId: string }>;

const isForged = (fingerprints: Fingerprints, { licenceKey, endCustomerId, features, generatedAt, validUntil, quantumSignature }: Licence): boolean =>
  endCustomerId !== undefined && !fingerprints.matches({ licenceKey, endCustomerId, features, generatedAt, validUntil }, quantumSignature ?? '');

/** Refused in the order of the verdicts of a validation. */
const inForce = (licence: Licence, fingerprints: Fingerprints, now: number): Holding => {
  if (isForged(fingerprints, licence)) return reject('licensing.offline_forged');
  const refused = REFUSED[statusOf(licence, now)];
  if (refused !== undefined) return reject(refused);
  const { endCustomerId = reject('licensing.offline_erased') } = licence;
  return { ...licence, endCustomerId };
};

const record = async (store: EventStore, tenant: TenantId, data: OfflineLicenceIssued['data'], cause: Cause): Promise<void> => {
  await store.append(offlineStream(tenant, data.issuedAt.slice(0, DAY_LENGTH)), 'any', [{ type: 'OfflineLicenceIssued', data }], cause);
};

/** The licence as it is signed; who asks when, and up to where in the log it is known. */
type Vouched = Readonly<{ licence: Holding; tenant: TenantId; graceDays: number; now: number; position: string }>;

const claimsOf = ({ licence, tenant, graceDays, now, position }: Vouched, { digests, issuer }: Pick<OfflineDeps, 'digests' | 'issuer'>) => ({
  iss: issuer,
  aud: tenant,
  sub: digests.sha256(`${licence.licenceKey}\0${licence.endCustomerId}`),
  lic: licence.licenceKey,
  features: licence.features,
  iat: numericDate(now),
  nbf: numericDate(licence.generatedAt),
  exp: numericDate(licence.validUntil),
  grace: graceDays * DAY_SECONDS,
  pos: position,
});

export const createOfflineLicences = (deps: OfflineDeps): OfflineLicences => {
  const { store, keys, book, upToHead, clock } = deps;
  const fingerprintsOf = createFingerprintsOf(deps);
  return {
    issue: async (tenant, { licenceKey, algorithm, graceDays }, cause) => {
      const position = (await upToHead.licences()) ?? BEFORE_ALL;
      const now = clock.now();
      const found = (await book.get(tenant, licenceKey)) ?? reject('licensing.licence_not_found');
      const licence = inForce(found, await fingerprintsOf(tenant, cause), now);
      const signer = await keys.signer(tenant, algorithm, cause);
      const claims = claimsOf({ licence, tenant, graceDays, now, position }, deps);
      const token = await signToken(signer, LICENCE_TYPE, claims);
      const issuedAt = new Date(now).toISOString();
      await record(store, tenant, { licenceKey, algorithm, kid: signer.kid, graceDays, position, issuedAt }, cause);
      const graceUntil = new Date((claims.exp + claims.grace) * 1_000).toISOString();
      return { token, kid: signer.kid, issuedAt, validUntil: licence.validUntil, graceUntil, position };
    },
  };
};
