/** The memberships of a person, and whether a password is theirs. */
import type { SubjectId, TenantId } from '../../domain/kernel/ids.ts';
import type { Role } from '../../domain/tenancy/terms.ts';
import type { PersonalData } from '../kernel/sealing.ts';
import type { TenantView } from './access.ts';
import { places, streams, type TenancyAggregates } from './aggregates.ts';
import type { Passwords } from './ports.ts';
import type { TenantViews } from './tenant-views.ts';

export type Membership = Readonly<{ tenant: TenantView; userId: SubjectId; role: Role; term: number }>;

export type Claim = Readonly<{ email: string; password: string; /** A slug. */ tenant?: string }>;

export interface Identities {
  membership(tenant: TenantId, userId: SubjectId): Promise<Membership | undefined>;
  /** Undefined when the password fits nowhere; takes as long for an address that nobody has. */
  prove(claim: Claim): Promise<readonly Membership[] | undefined>;
}

export type IdentityDeps = Readonly<{
  aggregates: Pick<TenancyAggregates, 'accounts' | 'memberships'>;
  views: TenantViews;
  personalData: PersonalData;
  passwords: Passwords;
}>;

export const createIdentities = ({ aggregates: { accounts, memberships }, views, personalData, passwords }: IdentityDeps): Identities => {
  const membership = async (tenantId: TenantId, userId: SubjectId): Promise<Membership | undefined> => {
    const { state } = await memberships.load(streams.membership(tenantId));
    const { role, term = 0 } = state.members.get(userId) ?? {};
    const tenant = role === undefined ? undefined : await views.byId(tenantId);
    return role === undefined || tenant === undefined ? undefined : { tenant, userId, role, term };
  };

  const memberOf = async (email: string, slug: string | undefined): Promise<readonly Membership[]> => {
    const everywhere = await personalData.findEverywhere(email);
    const found = await Promise.all(everywhere.map(({ tenant, subject }) => membership(tenant, subject)));
    return found.filter((each) => each !== undefined).filter(({ tenant }) => slug === undefined || tenant.slug === slug);
  };

  const passwordFits = async (password: string, { tenant, userId }: Membership): Promise<boolean> => {
    const { state } = await accounts.load(streams.account(tenant.id, userId));
    const hash = state.passwordHash && (await personalData.open(state.passwordHash, places.passwordHash(tenant.id, userId)));
    return passwords.verify(password, hash);
  };

  return {
    membership,
    prove: async ({ email, password, tenant }) => {
      const possible = await memberOf(email, tenant);
      if (possible.length === 0) await passwords.verify(password, undefined);
      const fits = await Promise.all(possible.map((each) => passwordFits(password, each)));
      const proved = possible.filter((_, index) => fits[index]);
      return proved.length === 0 ? undefined : proved;
    },
  };
};
