/** Implements `Access` on the streams of credential, session, account, membership and tenant, each revalidated at its head. */
import type { SubjectId, TenantId } from '../../domain/kernel/ids.ts';
import { reject } from '../../domain/kernel/rejection.ts';
import type { CredentialState } from '../../domain/tenancy/credential.ts';
import type { Role } from '../../domain/tenancy/terms.ts';
import type { Clock } from '../kernel/ports.ts';
import type { StateStore } from '../kernel/state.ts';
import type { Access, CredentialPrincipal, PersonPrincipal } from './access.ts';
import { streams, type TenancyAggregates } from './aggregates.ts';
import { CREDENTIAL_FORMS } from './credential-forms.ts';
import { instant } from './instant.ts';
import type { AccessClaims, AccessTokens, CredentialIndex, SecretTokens } from './ports.ts';
import type { TenantViews } from './tenant-views.ts';

/** The scope of the counters of use, by credential id. */
export const CREDENTIAL_USE = 'credential-use';

type Deps = Readonly<{
  aggregates: Pick<TenancyAggregates, 'credentials' | 'sessions' | 'memberships' | 'accounts'>;
  views: TenantViews;
  index: CredentialIndex;
  accessTokens: AccessTokens;
  secretTokens: SecretTokens;
  state: StateStore;
  clock: Clock;
}>;

type Known = Exclude<CredentialState, { status: 'none' }>;

/** Longer than any secret of ours: not worth hashing. */
const LONGEST_SECRET = 200;

/** The role of a person now, if they still are in the term of membership that is asked for. */
const createRoles =
  (memberships: TenancyAggregates['memberships']) =>
  async (tenant: TenantId, userId: string, term: number): Promise<Role | undefined> => {
    const { state } = await memberships.load(streams.membership(tenant));
    const member = state.members.get(userId);
    return member?.term === term ? member.role : undefined;
  };

const refuseWhenOver = (known: Known, now: number): void => {
  if (known.status === 'revoked') reject('tenancy.credential_revoked');
  if (known.expiresAt !== undefined && Date.parse(known.expiresAt) <= now) reject('tenancy.credential_expired');
};

/** How a credential and a session are judged, once it is known which they are. */
const createJudgement = ({ aggregates, views, clock }: Pick<Deps, 'aggregates' | 'views' | 'clock'>) => {
  const roleIn = createRoles(aggregates.memberships);

  const credential = async (tenant: TenantId, known: Known): Promise<CredentialPrincipal> => {
    refuseWhenOver(known, clock.now());
    const role = (await roleIn(tenant, known.actingFor, known.term)) ?? reject('tenancy.credential_revoked');
    const view = (await views.byId(tenant)) ?? reject('tenancy.credential_unknown');
    const { credentialId, kind: form, name, permissions, keyIds, secondFactor, surface } = known;
    return {
      kind: 'credential', tenant: view, surface, form, name, credentialId, permissions,
      ...(keyIds !== undefined && { keyIds }),
      actingFor: known.actingFor as SubjectId, role, secondFactor,
    };
  };

  const livingSession = async ({ tenant, userId, sessionId }: AccessClaims) => {
    const { state: session } = await aggregates.sessions.load(streams.session(tenant, sessionId));
    if (session.status !== 'live' || session.userId !== userId || session.endsAt <= instant(clock.now())) return undefined;
    const { state: account } = await aggregates.accounts.load(streams.account(tenant, userId));
    return account.epoch === session.epoch ? session : undefined;
  };

  const person = async (claims: AccessClaims): Promise<PersonPrincipal> => {
    const session = (await livingSession(claims)) ?? reject('tenancy.token_invalid');
    const role = (await roleIn(claims.tenant, claims.userId, session.term)) ?? reject('tenancy.token_invalid');
    const tenant = (await views.byId(claims.tenant)) ?? reject('tenancy.token_invalid');
    return { kind: 'person', tenant, userId: claims.userId, role, sessionId: claims.sessionId, amr: session.amr };
  };

  return { credential, person };
};

type Judgement = ReturnType<typeof createJudgement>;

const createCredentialAccess = ({ aggregates, index, secretTokens, state, clock }: Deps, judgement: Judgement): Access['credential'] => {
  const locate = async (secret: string): Promise<Readonly<{ tenant: TenantId; known: Known }>> => {
    const hash = secretTokens.hash(secret);
    const found = (await index.find(hash)) ?? reject('tenancy.credential_unknown');
    const { state: known } = await aggregates.credentials.load(streams.credential(found.tenant, found.credentialId));
    if (known.status === 'none' || !secretTokens.same(known.secretHash, hash)) return reject('tenancy.credential_unknown');
    return { tenant: found.tenant, known };
  };

  return async (surface, secret) => {
    const looksRight = CREDENTIAL_FORMS[surface]?.some(({ prefix }) => secret.startsWith(prefix)) ?? false;
    if (!looksRight || secret.length > LONGEST_SECRET) return reject('tenancy.credential_unknown');
    const { tenant, known } = await locate(secret);
    if (known.surface !== surface) return reject('tenancy.credential_unknown');
    const principal = await judgement.credential(tenant, known);
    state.bump(CREDENTIAL_USE, known.credentialId, clock.now());
    return principal;
  };
};

const createCurrent = ({ aggregates: { credentials } }: Deps, judgement: Judgement): Access['current'] => {
  const now = async (known: PersonPrincipal | CredentialPrincipal): Promise<PersonPrincipal | CredentialPrincipal> => {
    const tenant = known.tenant.id;
    if (known.kind === 'person') return judgement.person({ tenant, userId: known.userId, sessionId: known.sessionId });
    const { state } = await credentials.load(streams.credential(tenant, known.credentialId));
    return state.status === 'none' ? reject('tenancy.credential_unknown') : judgement.credential(tenant, state);
  };
  return async <Same extends PersonPrincipal | CredentialPrincipal>(known: Same) => (await now(known)) as Same;
};

export const createAccess = (deps: Deps): Access => {
  const judgement = createJudgement(deps);
  return {
    credential: createCredentialAccess(deps, judgement),
    session: async (accessToken) => judgement.person((await deps.accessTokens.verify(accessToken)) ?? reject('tenancy.token_invalid')),
    current: createCurrent(deps, judgement),
    tenantBySlug: (slug) => deps.views.bySlug(slug),
  };
};
