/** Licences over the event log: one append for each of them, and one for each validation. */
import type { TenantId } from '../../domain/kernel/ids.ts';
import { reject } from '../../domain/kernel/rejection.ts';
import { monthOf } from '../../domain/licensing/ledger.ts';
import { licence, type LicenceState, type RevokeLicence } from '../../domain/licensing/licence.ts';
import type { LicenceRevoked, LicenceValidated } from '../../domain/licensing/licence.events.ts';
import { licenceLimit, licencePlan } from '../../domain/licensing/plan-limits.ts';
import { createAggregate, type Aggregate } from '../kernel/command-handler.ts';
import type { Cause, Clock, EventStore } from '../kernel/ports.ts';
import type { PersonalData, Secrets, Subject } from '../kernel/sealing.ts';
import { createUnderWay } from '../kernel/under-way.ts';
import { withSubject } from '../kernel/with-subject.ts';
import type { TenantView } from '../tenancy/access.ts';
import { createFingerprintsOf, type Claims, type FingerprintsOf } from './fingerprints.ts';
import { endCustomerSubject, licenceOf, openHolder, readLicence, sealHolder, sealReason, type Holder } from './holders.ts';
import { createLedgers, monthAt, type Ledgers } from './ledgers.ts';
import { statusOf, type Licence, type Licences, type Verdict, type WantedLicence } from './licences.ts';
import type { FingerprintHashes, GeneratedLicence, LicenceIndex } from './ports.ts';
import { licenceStream, validationsStream } from './streams.ts';

const DAY_MS = 86_400_000;
const DAY_LENGTH = '2026-11-22'.length;

export type LicencesDeps = Readonly<{
  store: EventStore;
  personalData: PersonalData;
  secrets: Secrets;
  hashes: FingerprintHashes;
  index: LicenceIndex;
  clock: Clock;
  /**
   * Where other processes revoke, too: how long theirs may be under way unseen, and how far their clocks may differ, in milliseconds. Lists then
   * overlap by as much. 0 unless given.
   */
  overlapMs?: number;
}>;

type Parts = LicencesDeps &
  Readonly<{ fingerprintsOf: FingerprintsOf; ledgers: Ledgers; licences: Aggregate<LicenceState, RevokeLicence, LicenceRevoked> }>;

/** The id of a request that came with a key to repeat it by is derived from that (RFC 9562, version 8); any other is new. */
const mayBeRepeated = (commandId: string): boolean => commandId.charAt(14) === '8';

type Account = Readonly<{ tenant: TenantId; limit: number; cause: Cause }>;
/** A licence that is ready to be stored. */
type Draft = Readonly<{ now: number; claims: Claims; holder: Holder; fidelity: number }>;

const draft = async ({ fingerprintsOf, clock }: Parts, { tenant, cause }: Account, wanted: WantedLicence): Promise<Draft> => {
  const fingerprints = await fingerprintsOf(tenant, cause);
  const now = clock.now();
  const { endCustomerId, features, metadata } = wanted;
  const generatedAt = new Date(now).toISOString();
  const validUntil = new Date(now + wanted.validDays * DAY_MS).toISOString();
  const claims = { licenceKey: fingerprints.licenceKey(wanted.commandId), endCustomerId, features, generatedAt, validUntil };
  const { quantumSignature, fidelity } = fingerprints.of(claims);
  return { now, claims, holder: { endCustomerId, metadata, quantumSignature }, fidelity };
};

/** undefined: a licence with this key was generated before. */
const store = async (parts: Parts, { tenant, limit, cause }: Account, { now, claims, holder, fidelity }: Draft): Promise<GeneratedLicence | undefined> => {
  const { licenceKey, features, generatedAt, validUntil } = claims;
  const generate = async (subject: Subject): Promise<GeneratedLicence | undefined> => {
    const sealed = await sealHolder(parts.personalData, subject, { tenant, licenceKey }, holder);
    const data = { licenceKey, holder: sealed, features, fidelity, month: monthAt(now), generatedAt, validUntil, limit };
    return parts.ledgers.generate({ tenant, now }, data, { ...cause, keys: subject.newKeys });
  };
  return withSubject(parts.personalData, { tenant, name: endCustomerSubject(parts.hashes, holder.endCustomerId) }, generate);
};

const NOT_REVOKED = { revokedAt: null, reason: null } as const;

/** The licence of a command that was carried out before, as it was then. */
const earlier = async ({ index, personalData }: Parts, tenant: TenantId, licenceKey: string): Promise<Licence | undefined> => {
  const found = await index.find(tenant, licenceKey);
  return found && readLicence(personalData, tenant, { ...found, ...NOT_REVOKED });
};

const generate = async (parts: Parts, account: Account, wanted: WantedLicence): Promise<Licence> => {
  const made = await draft(parts, account, wanted);
  const { claims, holder } = made;
  if (mayBeRepeated(wanted.commandId)) {
    const known = await earlier(parts, account.tenant, claims.licenceKey);
    if (known !== undefined) return known;
  }
  const stored = await store(parts, account, made);
  if (stored !== undefined) {
    parts.index.remember(account.tenant, stored);
    return licenceOf(stored, { holder, revokedAt: null, revokedReason: null });
  }
  const known = await earlier(parts, account.tenant, claims.licenceKey);
  if (known === undefined) throw new Error('a licence in the ledger that no read model knows');
  return known;
};

type Asked = Readonly<{ tenant: TenantId; licenceKey: string; endCustomerId: string }>;

/** The order of the verdicts is the order of the questions. */
const judge = async (parts: Parts, { tenant, licenceKey, endCustomerId }: Asked, cause: Cause): Promise<Verdict> => {
  const found = await parts.index.find(tenant, licenceKey);
  if (found === undefined) return 'not_found';
  const holder = await openHolder(parts.personalData, tenant, found);
  if (holder?.endCustomerId !== endCustomerId) return 'not_found';
  const { features, generatedAt, validUntil } = found;
  const fingerprints = await parts.fingerprintsOf(tenant, cause);
  if (!fingerprints.matches({ licenceKey, endCustomerId, features, generatedAt, validUntil }, holder.quantumSignature)) return 'signature_mismatch';
  // From the stream itself: a read model may not know yet of a revocation that was answered.
  const { revokedAt = null } = (await parts.licences.load(licenceStream(tenant, licenceKey))).state;
  const status = statusOf({ revokedAt, validUntil }, parts.clock.now());
  return status === 'active' ? 'valid' : status;
};

const validate = async (parts: Parts, asked: Asked, cause: Cause): Promise<Readonly<{ verdict: Verdict }>> => {
  const verdict = await judge(parts, asked, cause);
  const validatedAt = new Date(parts.clock.now()).toISOString();
  const { tenant, licenceKey } = asked;
  const event: LicenceValidated = { type: 'LicenceValidated', data: { licenceKey, verdict, validatedAt } };
  await parts.store.append(validationsStream(tenant, validatedAt.slice(0, DAY_LENGTH)), 'any', [event], cause);
  return { verdict };
};

type Revoking = Readonly<{ tenant: TenantId; licenceKey: string; reason: string | undefined }>;

const revoke = async (parts: Parts, { tenant, licenceKey, reason }: Revoking, cause: Cause): Promise<Readonly<{ revokedAt: string }>> => {
  const found = (await parts.index.find(tenant, licenceKey)) ?? reject('licensing.licence_not_found');
  const revokedAt = new Date(parts.clock.now()).toISOString();
  const sealed = reason === undefined ? undefined : await sealReason(parts.personalData, found.holder, { tenant, licenceKey }, reason);
  const data = { licenceKey, ...(sealed !== undefined && { reason: sealed }), revokedAt };
  await parts.licences.execute(licenceStream(tenant, licenceKey), { type: 'RevokeLicence', data }, cause);
  return { revokedAt };
};

export const createLicences = (deps: LicencesDeps): Licences => {
  const licences = createAggregate<LicenceState, RevokeLicence, LicenceRevoked>(deps.store, licence);
  const parts: Parts = { ...deps, fingerprintsOf: createFingerprintsOf(deps), ledgers: createLedgers(deps.store), licences };
  const revoking = createUnderWay<TenantId>();
  const planOf = ({ plans }: TenantView): string => licencePlan(plans, deps.clock.now());
  return {
    generate: ({ tenant }, wanted, cause) => generate(parts, { tenant: tenant.id, limit: licenceLimit(planOf(tenant)), cause }, wanted),
    validate: ({ tenant }, asked, cause) => validate(parts, { tenant: tenant.id, ...asked }, cause),
    revoke: ({ tenant }, licenceKey, reason, cause) => revoking.track(tenant.id, () => revoke(parts, { tenant: tenant.id, licenceKey, reason }, cause)),
    revoked: async (tenant) => {
      const now = deps.clock.now();
      await revoking.settled(tenant);
      return now - (deps.overlapMs ?? 0);
    },
    usage: async (tenant) => {
      const state = await parts.ledgers.load(tenant.id);
      const { month, inMonth } = monthOf(state, monthAt(deps.clock.now()));
      const plan = planOf(tenant);
      return { month, generated: inMonth, plan, limit: licenceLimit(plan), sold: state.sold };
    },
  };
};
