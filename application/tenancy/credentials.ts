/** Credentials are made and revoked; their secret is shown once and kept as a hash. */
import type { SubjectId, TenantId } from '../../domain/kernel/ids.ts';
import { reject, rejectFields } from '../../domain/kernel/rejection.ts';
import type { CredentialCreated } from '../../domain/tenancy/credential.events.ts';
import type { MembershipState } from '../../domain/tenancy/membership.ts';
import type { SurfaceName } from '../../domain/tenancy/terms.ts';
import type { Cause, Clock, Ids } from '../kernel/ports.ts';
import type { StateStore } from '../kernel/state.ts';
import { streams, type TenancyAggregates } from './aggregates.ts';
import { CREDENTIAL_USE } from './create-access.ts';
import { CREDENTIAL_FORMS, monthsLater, type CredentialForm } from './credential-forms.ts';
import { instant } from './instant.ts';
import type { SecretTokens } from './ports.ts';

/** Who makes it: it acts for the person, or for the oldest owner when the operator made it. */
export type CredentialMaker = Readonly<{ kind: 'operator' }> | Readonly<{ kind: 'person'; userId: SubjectId; amr: readonly string[] }>;

export type NewCredential = Readonly<{
  surface: SurfaceName;
  name: string;
  /** Absent: the surface's usual one. */
  kind?: string;
  /** Absent: the least that is useful. */
  permissions?: readonly string[];
  /** The keys it may use, on forms that are bound to keys. Absent: all that there are for it. */
  keyIds?: readonly string[];
  /** Milliseconds since 1970, or months until midnight UTC of that day. Absent: the form's usual life time. */
  expires?: Readonly<{ at: number } | { inMonths: number }>;
}>;

export type CreatedCredential = Readonly<{
  id: string;
  surface: SurfaceName;
  kind: string;
  name: string;
  /** Shown this once. */
  secret: string;
  prefix: string;
  permissions: readonly string[];
  keyIds?: readonly string[];
  createdAt: string;
  /** Absent: good until it is revoked. */
  expiresAt?: string;
}>;

export type RevokedCredential = Readonly<{ id: string; revokedAt: string; /** It had been revoked before. */ already: boolean }>;

export interface Credentials {
  /**
   * Rejects with `tenancy.surface_not_served` {surface}, `request.invalid` {fields} or, where another attempt with this id makes it at the
   * same moment, `tenancy.credential_exists`. `id` is the credential's; when it is taken by an
   * earlier attempt, a new id is chosen; that one is revoked if its secret may never have arrived: unused, and made within a day.
   */
  create(tenant: TenantId, wanted: NewCredential, by: CredentialMaker, how: Cause & Readonly<{ id: string }>): Promise<CreatedCredential>;
  /** Rejects with `tenancy.credential_not_found`, also for one of another surface when `surface` is given. */
  revoke(tenant: TenantId, id: string, cause: Cause, surface?: SurfaceName): Promise<RevokedCredential>;
}

/** Answers to repeated requests are kept for a day: until then a retry follows an answer that was lost, afterwards it is another wish. */
const RETRIED_FOR_MS = 86_400_000;

const formOf = ({ surface, kind }: NewCredential): CredentialForm => {
  const forms = CREDENTIAL_FORMS[surface] ?? reject('tenancy.surface_not_served', { surface });
  const found = kind === undefined ? forms[0] : forms.find((form) => form.kind === kind);
  return found ?? rejectFields({ kind: `must be one of ${forms.map((form) => form.kind).join(', ')}` });
};

const permissionsOf = ({ permissions }: NewCredential, form: CredentialForm): readonly string[] => {
  const wanted = [...new Set(permissions ?? form.granted)];
  if (wanted.length === 0) rejectFields({ permissions: 'must not be empty' });
  if (!wanted.every((permission) => form.permissions.includes(permission))) {
    rejectFields({ permissions: `must be among ${form.permissions.join(', ')}` });
  }
  return wanted;
};

const keyIdsOf = ({ keyIds }: NewCredential, form: CredentialForm): readonly string[] | undefined => {
  if (keyIds === undefined) return undefined;
  if (form.bindsKeys !== true) rejectFields({ key_ids: 'means nothing for this credential' });
  if (keyIds.length === 0) rejectFields({ key_ids: 'must not be empty' });
  return [...new Set(keyIds)];
};

const wantedExpiry = ({ expires }: NewCredential, { defaultMonths }: CredentialForm, now: number): number | undefined => {
  if (expires !== undefined && 'at' in expires) return expires.at;
  const months = expires?.inMonths ?? defaultMonths;
  return months === undefined ? undefined : monthsLater(now, months);
};

/** The last millisecond of a Date: what is later cannot be written down. */
const END_OF_TIME_MS = 8_640_000_000_000_000;

const expiryOf = (wanted: NewCredential, form: CredentialForm, now: number): number | undefined => {
  const at = wantedExpiry(wanted, form, now);
  if (at === undefined) return undefined;
  if (at <= now) rejectFields({ expires_at: 'must lie in the future' });
  const latest = form.maximumMonths === undefined ? END_OF_TIME_MS : monthsLater(now, form.maximumMonths);
  // The whole last day counts, whichever way the moment was named.
  if (at >= latest + 86_400_000) rejectFields({ expires_at: `must be at most ${form.maximumMonths} months away` });
  return at;
};

/** The person a credential acts for, in their present term. */
const personOf = (by: CredentialMaker, { members }: MembershipState): Pick<CredentialCreated['data'], 'actingFor' | 'term' | 'secondFactor'> => {
  const [userId, member] =
    by.kind === 'person'
      ? [by.userId, members.get(by.userId)]
      : ([...members].find(([, { role }]) => role === 'owner') ?? reject('tenancy.tenant_unknown'));
  if (member?.role === undefined) return reject('tenancy.member_unknown');
  return { actingFor: userId, term: member.term, secondFactor: by.kind === 'operator' || by.amr.includes('otp') };
};

type Deps = Readonly<{
  aggregates: Pick<TenancyAggregates, 'credentials' | 'memberships'>;
  secretTokens: SecretTokens;
  /** The counts of uses. */
  state: Pick<StateStore, 'totals'>;
  clock: Clock;
  ids: Ids;
}>;

const createRevoke = ({ aggregates: { credentials }, clock }: Deps): Credentials['revoke'] => async (tenant, id, cause, surface) => {
  const stream = streams.credential(tenant, id);
  const { state: before } = await credentials.load(stream);
  if (before.status === 'none' || (surface !== undefined && before.surface !== surface)) return reject('tenancy.credential_not_found');
  const { state, events } = await credentials.execute(stream, { type: 'RevokeCredential', data: { at: instant(clock.now()) } }, cause);
  if (state.status !== 'revoked') return reject('tenancy.credential_not_found');
  return { id, revokedAt: state.revokedAt, already: events.length === 0 };
};

export const createCredentials = (deps: Deps): Credentials => {
  const { aggregates: { credentials, memberships }, secretTokens, clock, ids, state: uses } = deps;
  const revoke = createRevoke(deps);

  /** Whether the answer with its secret may have been lost on its way, so that nobody has it. */
  const isOrphan = async ({ credentialId, createdAt }: CredentialCreated['data']): Promise<boolean> => {
    if (clock.now() - Date.parse(createdAt) >= RETRIED_FOR_MS) return false;
    return !(await uses.totals(CREDENTIAL_USE, [credentialId])).has(credentialId);
  };

  /** The id asked for, unless an earlier attempt has used it: what that one made must not stay good when nobody has it, and not go when somebody does. */
  const freeId = async (tenant: TenantId, wanted: string, cause: Cause): Promise<string> => {
    const { state } = await credentials.load(streams.credential(tenant, wanted));
    if (state.status === 'none') return wanted;
    if (state.status === 'active' && (await isOrphan(state))) await revoke(tenant, wanted, cause);
    return ids.next();
  };

  const create: Credentials['create'] = async (tenant, wanted, by, { id: wantedId, ...cause }) => {
    const form = formOf(wanted);
    const name = wanted.name.trim();
    if (name === '') rejectFields({ name: 'must not be empty' });
    const now = clock.now();
    const permissions = permissionsOf(wanted, form);
    const ends = expiryOf(wanted, form, now);
    const keyIds = keyIdsOf(wanted, form);
    const person = personOf(by, (await memberships.load(streams.membership(tenant))).state);
    const id = await freeId(tenant, wantedId, cause);
    const secret = secretTokens.make(form.prefix);
    const prefix = secret.slice(0, form.prefix.length + form.shown);
    const shown = {
      surface: wanted.surface, kind: form.kind, name, prefix, permissions, createdAt: instant(now),
      ...(keyIds !== undefined && { keyIds }),
      ...(ends !== undefined && { expiresAt: instant(ends) }),
    };
    const data = { ...shown, ...person, credentialId: id, secretHash: secretTokens.hash(secret) };
    await credentials.execute(streams.credential(tenant, id), { type: 'CreateCredential', data }, cause);
    return { ...shown, id, secret };
  };

  return { create, revoke };
};
