/** People sign in, stay signed in, and sign out. */
import type { SubjectId, TenantId } from '../../domain/kernel/ids.ts';
import { reject } from '../../domain/kernel/rejection.ts';
import type { Role } from '../../domain/tenancy/terms.ts';
import type { Cause, Clock, Ids } from '../kernel/ports.ts';
import type { StateStore } from '../kernel/state.ts';
import type { PersonPrincipal, TenantView } from './access.ts';
import { streams, type TenancyAggregates } from './aggregates.ts';
import { networkKey } from './address-key.ts';
import { normalizedAddress } from './email.ts';
import { createIdentities, type Identities, type IdentityDeps, type Membership, type Proof, type Proved } from './identities.ts';
import { instant } from './instant.ts';
import { createKnownNetworks } from './known-networks.ts';
import type { LoginThrottle, ThrottleKey } from './login-throttle.ts';
import type { AccessTokens, BlindIndex, SecretTokens } from './ports.ts';
import { refreshTokens } from './located-tokens.ts';
import type { SecondFactors } from './second-factors.ts';

const DAY_MS = 86_400_000;
/** An unused refresh token is good for 30 days, the whole chain for 90. */
const REFRESH_MS = 30 * DAY_MS;
const SESSION_MS = 90 * DAY_MS;
/** An access token is good for a quarter of an hour: whoever needs more than this is in a loop. */
const REFRESHES = { limit: 30, windowMs: 60_000 };

/** `tenant` is a slug; `totp` a code of the second factor or a recovery code; `ip` the client's address. */
export type SignIn = Readonly<{ email: string; password: string; tenant?: string; totp?: string; ip: string }>;
export type SignedIn = Readonly<{ accessToken: string; refreshToken: string; expiresIn: number; tenant: TenantView; userId: SubjectId; role: Role }>;

export interface Sessions {
  /**
   * Rejects with `tenancy.credentials_invalid`, with `tenancy.totp_required` when the account has a second factor and none was given (then
   * whatever the password is), with `tenancy.tenant_required` {tenants: slugs} when the password fits in several, or with
   * `tenancy.too_many_attempts` {retryAfter}.
   */
  signIn(attempt: SignIn, cause: Cause): Promise<SignedIn>;
  /**
   * Rejects with `tenancy.refresh_invalid`, with `tenancy.refresh_reused` when that ended the session, or with `tenancy.too_many_attempts`
   * {retryAfter} beyond thirty a minute: the token stays good then.
   */
  refresh(refreshToken: string, cause: Cause): Promise<SignedIn>;
  signOut(person: PersonPrincipal, cause: Cause): Promise<void>;
}

type Deps = IdentityDeps &
  Readonly<{
    factors: Pick<SecondFactors, 'use' | 'demanded'>;
    aggregates: Pick<TenancyAggregates, 'sessions' | 'accounts'>;
    accessTokens: AccessTokens;
    secretTokens: SecretTokens;
    throttle: LoginThrottle;
    state: StateStore;
    blindIndex: BlindIndex;
    clock: Clock;
    ids: Ids;
  }>;

type Session = Readonly<{ id: string; amr: readonly string[]; refreshToken: string }>;

/** The request was anonymous; what it proved was not. */
const personCause = (cause: Cause, userId: string): Cause => ({ ...cause, actor: { kind: 'person', id: userId } });

const createAnswer =
  (accessTokens: AccessTokens) =>
  async ({ tenant, userId, role }: Membership, { id, amr, refreshToken }: Session): Promise<SignedIn> => {
    const { token, expiresIn } = await accessTokens.issue({ tenant: tenant.id, slug: tenant.slug, userId, role, sessionId: id, amr });
    return { accessToken: token, refreshToken, expiresIn, tenant, userId, role };
  };

/** Opens the session of somebody who has proved to be themselves. */
const createOpen = ({ aggregates, factors, secretTokens, clock, ids, accessTokens }: Deps) => {
  const answer = createAnswer(accessTokens);

  /** A second factor that was confirmed while the password was looked at is asked for all the same: asked once more when the session is there. */
  const endWithoutFactor = async ({ who: { tenant, userId, term }, use }: Proved, id: string, cause: Cause): Promise<void> => {
    if (use !== undefined || !(await factors.demanded({ tenant: tenant.id, userId, term }))) return;
    await aggregates.sessions.execute(streams.session(tenant.id, id), { type: 'EndSession', data: { reason: 'signed_out' } }, cause);
    reject('tenancy.totp_required');
  };

  return async (proved: Proved, cause: Cause): Promise<SignedIn> => {
    const { who, epoch, use } = proved;
    const { tenant, userId, term } = who;
    const now = clock.now();
    const id = ids.next();
    const amr = use === undefined ? ['pwd'] : ['pwd', 'otp'];
    const refreshToken = refreshTokens.make(secretTokens, { tenant: tenant.id, id });
    const until = { refreshUntil: instant(now + REFRESH_MS), endsAt: instant(now + SESSION_MS) };
    const data = { userId, term, epoch, amr, refreshHash: secretTokens.hash(refreshToken), ...until };
    await aggregates.sessions.execute(streams.session(tenant.id, id), { type: 'OpenSession', data }, personCause(cause, userId));
    await endWithoutFactor(proved, id, personCause(cause, userId));
    return answer(who, { id, amr, refreshToken });
  };
};

/** What may fail a minute from all networks of an account together: whoever shares one with its owner guesses no faster. */
const FAILURES_FROM_KNOWN = 100;

/** Failures from where the account signs in are counted by network; those from everywhere else together, and keep nobody out who is at home. */
const keysOf = (account: string, ip: string, isKnown: boolean): readonly ThrottleKey[] =>
  isKnown
    ? [`ip:${ip}`, `account:${account}@${networkKey(ip)}`, { key: `known:${account}`, limit: FAILURES_FROM_KNOWN }]
    : [`ip:${ip}`, `account:${account}`];

const createSignIn = (deps: Deps, identities: Identities): Sessions['signIn'] => {
  const { throttle, blindIndex, factors } = deps;
  const networks = createKnownNetworks(deps);
  const open = createOpen(deps);

  /** Whether it counts as a guess that failed. What the second factor needs is used up here, so that a code that comes twice is one. */
  const failed = async ({ proved: [first, ...others], tried }: Proof, cause: Cause): Promise<boolean> => {
    if (first === undefined) return tried;
    if (first.use === undefined || others.length > 0) return false;
    return !(await factors.use(first.use, personCause(cause, first.who.userId)));
  };

  return async ({ ip, ...claim }, cause) => {
    const account = await blindIndex('login', normalizedAddress(claim.email));
    let factorMissing = false;
    const proof = await throttle.attempt(keysOf(account, ip, await networks.has(account, ip)), async (miss) => {
      const made = await identities.prove(claim);
      ({ factorMissing } = made);
      // Whoever makes an account of their own for somebody's address must not get guesses at that person's other accounts for nothing.
      if (made.missed) miss();
      return (await failed(made, cause)) ? undefined : made;
    });
    const [proved, ...others] = proof?.proved ?? [];
    if (proved === undefined) return reject(factorMissing ? 'tenancy.totp_required' : 'tenancy.credentials_invalid');
    await networks.add(account, ip);
    if (others.length > 0) {
      return reject('tenancy.tenant_required', { tenants: [proved, ...others].map(({ who }) => who.tenant.slug).toSorted() });
    }
    return open(proved, cause);
  };
};

const createRefresh = (deps: Deps, identities: Identities): Sessions['refresh'] => {
  const { aggregates: { sessions, accounts }, secretTokens, clock, state: windows } = deps;
  const answer = createAnswer(deps.accessTokens);

  /** The person whose session it is, if they still belong to the tenant. */
  const holder = async (tenant: TenantId, sessionId: string): Promise<Readonly<{ who: Membership; amr: readonly string[]; current: string }>> => {
    const { state } = await sessions.load(streams.session(tenant, sessionId));
    if (state.status !== 'live') return reject('tenancy.refresh_invalid');
    const { epoch } = (await accounts.load(streams.account(tenant, state.userId))).state;
    const who = await identities.membership(tenant, state.userId as SubjectId);
    return who === undefined || who.term !== state.term || epoch !== state.epoch ? reject('tenancy.refresh_invalid') : { who, amr: state.amr, current: state.current };
  };

  const pace = async (sessionId: string, now: number): Promise<void> => {
    const { exceeded, resetAt } = await windows.hit('session-refreshes', sessionId, { ...REFRESHES, now });
    if (exceeded) reject('tenancy.too_many_attempts', { retryAfter: Math.ceil((resetAt - now) / 1_000) });
  };

  return async (presented, cause) => {
    const { tenant, id: sessionId } = refreshTokens.locate(presented) ?? reject('tenancy.refresh_invalid');
    const { who, amr, current } = await holder(tenant, sessionId);
    const next = refreshTokens.make(secretTokens, { tenant, id: sessionId });
    const now = clock.now();
    const hashes = { presented: secretTokens.hash(presented), next: secretTokens.hash(next) };
    // Only for who holds the newest token: nobody else uses the session's refreshes up, and a copy ends it at any pace.
    if (hashes.presented === current) await pace(sessionId, now);
    const data = { ...hashes, at: instant(now), nextUntil: instant(now + REFRESH_MS) };
    const command = { type: 'RefreshSession', data } as const;
    const { events } = await sessions.execute(streams.session(tenant, sessionId), command, personCause(cause, who.userId));
    if (events.some(({ type }) => type === 'SessionEnded')) return reject('tenancy.refresh_reused');
    return answer(who, { id: sessionId, amr, refreshToken: next });
  };
};

export const createSessions = (deps: Deps): Sessions => {
  const identities = createIdentities(deps);
  return {
    signIn: createSignIn(deps, identities),
    refresh: createRefresh(deps, identities),
    signOut: async ({ tenant, sessionId }, cause) => {
      const stream = streams.session(tenant.id, sessionId);
      await deps.aggregates.sessions.execute(stream, { type: 'EndSession', data: { reason: 'signed_out' } }, cause);
    },
  };
};
