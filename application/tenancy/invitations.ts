/** People are asked to join, and join. */
import type { SubjectId, TenantId } from '../../domain/kernel/ids.ts';
import { reject } from '../../domain/kernel/rejection.ts';
import type { Manager } from '../../domain/tenancy/manager.ts';
import { openInvitation, type PendingInvitation } from '../../domain/tenancy/invitations.ts';
import type { Role } from '../../domain/tenancy/terms.ts';
import type { Cause, Clock, Ids } from '../kernel/ports.ts';
import type { PersonalData, Subject } from '../kernel/sealing.ts';
import type { StateStore } from '../kernel/state.ts';
import type { TenantView } from './access.ts';
import { places, streams, type TenancyAggregates } from './aggregates.ts';
import { checkEmail } from './email.ts';
import { instant } from './instant.ts';
import { invitationCodes } from './located-tokens.ts';
import type { LoginThrottle } from './login-throttle.ts';
import { checkPassword } from './password-policy.ts';
import type { Persons } from './persons.ts';
import type { Passwords, SecretTokens } from './ports.ts';
import type { TenantViews } from './tenant-views.ts';

const LIFE_MS = 7 * 86_400_000;
/** Mails that one tenant may have sent: enough for any team, too few for a nuisance. */
const PER_HOUR = 100;
const HOUR_MS = 3_600_000;

/** `by`: who asks, and is remembered as having asked. */
export type Inviting = Readonly<{ cause: Cause; by: Manager; id: string }>;
export type CreatedInvitation = Readonly<{ id: string; userId: string; email: string; role: Role; createdAt: string; expiresAt: string; invitedBy: string | null }>;
export type Joined = Readonly<{ tenant: TenantView; userId: SubjectId; email: string; role: Role }>;

export interface Invitations {
  /**
   * A mail with a code goes out after the answer. `id` is the invitation's; where an earlier attempt has used it, that one is answered while
   * it stands, and a new id chosen once it is over. Rejects with `request.invalid` {fields}, `tenancy.member_exists`, `…invitation_pending`,
   * `…owner_required`, `…forbidden`, or `request.rate_limited` {retryAfter}.
   */
  create(tenant: TenantId, person: Readonly<{ email: string; role: Role }>, how: Inviting): Promise<CreatedInvitation>;
  /**
   * The code is used up by the append that makes the member. Rejects with `tenancy.code_invalid`, `…member_limit` {limit}, `…too_many_attempts`
   * {retryAfter} or, the code staying good, `request.invalid` {fields}.
   */
  accept(answer: Readonly<{ token: string; password: string; ip: string }>, cause: Cause): Promise<Joined>;
  /** Rejects with `tenancy.invitation_unknown`, `…invitation_accepted` or `…owner_required`. */
  revoke(tenant: TenantId, id: string, how: Pick<Inviting, 'cause' | 'by'>): Promise<void>;
}

type Deps = Readonly<{
  aggregates: Pick<TenancyAggregates, 'memberships'>;
  persons: Persons;
  views: Pick<TenantViews, 'byId'>;
  personalData: PersonalData;
  passwords: Pick<Passwords, 'hash'>;
  secretTokens: SecretTokens;
  throttle: LoginThrottle;
  state: Pick<StateStore, 'hit'>;
  clock: Clock;
  ids: Ids;
}>;

/** What is over was an earlier wish under the same id: nobody could accept it any more. */
const createFreeId = ({ aggregates: { memberships }, ids }: Deps) =>
  async (tenant: TenantId, wanted: string, at: string): Promise<string> => {
    const known = (await memberships.load(streams.membership(tenant))).state.invitations.get(wanted);
    return known === undefined || (known.status === 'pending' && at < known.expiresAt) ? wanted : ids.next();
  };

const createCreate = (deps: Deps): Invitations['create'] => {
  const { aggregates: { memberships }, persons, personalData, secretTokens, state: windows, clock } = deps;
  const freeId = createFreeId(deps);
  const allow = async (tenant: TenantId): Promise<void> => {
    const now = clock.now();
    const { exceeded, resetAt } = await windows.hit('invitations', tenant, { limit: PER_HOUR, windowMs: HOUR_MS, now });
    if (exceeded) reject('request.rate_limited', { retryAfter: Math.ceil((resetAt - now) / 1_000) });
  };

  const sealedFor = async (subject: Subject, tenant: TenantId, id: string, email: string) => {
    const code = invitationCodes.make(secretTokens, { tenant, id });
    return {
      email: await personalData.seal(subject, places.invited(tenant, id), email),
      code: await personalData.seal(subject, places.invitationCode(tenant, id), code),
      codeHash: secretTokens.hash(code),
    };
  };

  return async (tenant, person, { cause, by, id: wantedId }) => {
    const email = checkEmail(person.email, 'email');
    const { role } = person;
    await allow(tenant);
    const now = clock.now();
    const times = { createdAt: instant(now), expiresAt: instant(now + LIFE_MS) };
    const id = await freeId(tenant, wantedId, times.createdAt);
    return persons.withSubject(tenant, email, async (subject) => {
      const sealed = await sealedFor(subject, tenant, id, email);
      const data = { invitationId: id, userId: subject.id, role, ...times, ...sealed, by, ...(by.kind === 'person' && { invitedBy: by.userId }) };
      const { state } = await memberships.execute(streams.membership(tenant), { type: 'Invite', data }, { ...cause, keys: subject.newKeys });
      // The one that an earlier attempt has made stands as it was made.
      const stands = state.invitations.get(id);
      const { createdAt, expiresAt } = stands?.status === 'pending' ? stands : times;
      return { id, userId: subject.id, email, role, createdAt, expiresAt, invitedBy: by.kind === 'person' ? by.userId : null };
    });
  };
};

type Opened = Readonly<{ tenant: TenantView; invitation: PendingInvitation; email: string; codeHash: string; at: string }>;

/** What a code leads to. Undefined: nothing, or nothing any more. */
const createOpen = ({ aggregates: { memberships }, views, personalData, secretTokens, clock }: Deps) =>
  async (token: string): Promise<Opened | undefined> => {
    const location = invitationCodes.locate(token);
    const tenant = location && (await views.byId(location.tenant));
    if (location === undefined || tenant === undefined) return undefined;
    const { state } = await memberships.load(streams.membership(tenant.id));
    const codeHash = secretTokens.hash(token);
    const at = instant(clock.now());
    const invitation = openInvitation(state, { invitationId: location.id, codeHash, at });
    const email = invitation && (await personalData.open(invitation.email, places.invited(tenant.id, location.id)));
    return invitation === undefined || email === undefined ? undefined : { tenant, invitation, email, codeHash, at };
  };

const createAccept = (deps: Deps): Invitations['accept'] => {
  const { aggregates: { memberships }, persons, passwords, throttle } = deps;
  const open = createOpen(deps);

  return async ({ token, password, ip }, cause) => {
    const opened = await throttle.attempt([`ip:${ip}`], () => open(token));
    const { tenant, invitation, email, codeHash, at } = opened ?? reject('tenancy.code_invalid');
    checkPassword(password, 'password', [email, tenant.slug, tenant.name]);
    await persons.requireRoom(tenant.id);
    const { invitationId, role } = invitation;
    const userId = invitation.userId as SubjectId;
    const sealed = await persons.belongings(tenant.id, { id: userId, newKeys: [] }, { email, hash: await passwords.hash(password) });
    const limit = await persons.limit(tenant.id);
    const data = { invitationId, codeHash, at, ...sealed, ...(limit !== undefined && { limit }) };
    const who: Cause = { ...cause, actor: { kind: 'person', id: userId } };
    await memberships.execute(streams.membership(tenant.id), { type: 'AcceptInvitation', data }, who);
    return { tenant, userId, email, role };
  };
};

export const createInvitations = (deps: Deps): Invitations => ({
  create: createCreate(deps),
  accept: createAccept(deps),
  revoke: async (tenant, id, { cause, by }) => {
    const command = { type: 'RevokeInvitation', data: { invitationId: id, by } } as const;
    await deps.aggregates.memberships.execute(streams.membership(tenant), command, cause);
  },
});
