/** The memberships of a person, and whether password and second factor are theirs. */
import type { SubjectId, TenantId } from '../../domain/kernel/ids.ts';
import type { AccountState } from '../../domain/tenancy/account.ts';
import type { Member } from '../../domain/tenancy/membership.ts';
import type { Role } from '../../domain/tenancy/terms.ts';
import type { PersonalData } from '../kernel/sealing.ts';
import type { TenantView } from './access.ts';
import { places, streams, type TenancyAggregates } from './aggregates.ts';
import type { Passwords } from './ports.ts';
import type { FactorUse, SecondFactors } from './second-factors.ts';
import type { TenantViews } from './tenant-views.ts';

export type Membership = Readonly<{ tenant: TenantView; userId: SubjectId; role: Role; term: number }>;

export type Claim = Readonly<{ email: string; password: string; /** A slug. */ tenant?: string; /** Second factor. */ totp?: string }>;

/** `epoch`: the account's, read before the password was checked. `use`: what of the second factor is used up by signing in. */
export type Proved = Readonly<{ who: Membership; epoch: number; use?: FactorUse }>;

export type Proof = Readonly<{
  proved: readonly Proved[];
  /** Some account of this address has a second factor, and none was given: it was not tried. */
  factorMissing: boolean;
  /** Whether any password was checked at all. */
  tried: boolean;
  /** What was presented fits some account of this address and not another: a guess at that one, whoever's the first is. */
  missed: boolean;
}>;

export interface Identities {
  membership(tenant: TenantId, userId: SubjectId): Promise<Membership | undefined>;
  /** Everywhere that this address belongs to a member. */
  everywhere(email: string): Promise<readonly Membership[]>;
  /** Takes as long for an address that nobody has. */
  prove(claim: Claim): Promise<Proof>;
}

export type IdentityDeps = Readonly<{
  aggregates: Pick<TenancyAggregates, 'accounts' | 'memberships'>;
  views: TenantViews;
  personalData: PersonalData;
  passwords: Passwords;
  factors: Pick<SecondFactors, 'demanded' | 'check'>;
}>;

/** The hash that a person's password must fit: the one set in this term, else the one they joined with. */
const createPasswordOf =
  ({ memberships }: Pick<TenancyAggregates, 'memberships'>, personalData: PersonalData) =>
  async ({ tenant, userId }: Membership, account: AccountState): Promise<string | undefined> => {
    const { state } = await memberships.load(streams.membership(tenant.id));
    const member: Member | undefined = state.members.get(userId);
    const joinedWith = account.passwordHash !== undefined && account.term === member?.term ? undefined : member?.passwordHash;
    if (joinedWith !== undefined) return personalData.open(joinedWith, places.joinedWith(tenant.id, userId));
    return account.passwordHash && personalData.open(account.passwordHash, places.passwordHash(tenant.id, userId));
  };

const createLookUp = ({ aggregates: { memberships }, views, personalData }: IdentityDeps): Pick<Identities, 'membership' | 'everywhere'> => {
  const membership: Identities['membership'] = async (tenantId, userId) => {
    const { state } = await memberships.load(streams.membership(tenantId));
    const { role, term = 0 } = state.members.get(userId) ?? {};
    const tenant = role === undefined ? undefined : await views.byId(tenantId);
    return role === undefined || tenant === undefined ? undefined : { tenant, userId, role, term };
  };
  return {
    membership,
    everywhere: async (email) => {
      const everywhere = await personalData.findEverywhere(email);
      const found = await Promise.all(everywhere.map(({ tenant, subject }) => membership(tenant, subject)));
      return found.filter((each) => each !== undefined);
    },
  };
};

export const createIdentities = (deps: IdentityDeps): Identities => {
  const { aggregates: { accounts, memberships }, personalData, passwords, factors } = deps;
  const lookUp = createLookUp(deps);
  const passwordOf = createPasswordOf({ memberships }, personalData);

  /** Password and code are looked at alike, whichever of them is wrong. */
  const prove = async (who: Membership, { password, totp }: Claim, demanded: boolean): Promise<Proved | undefined> => {
    const { tenant, userId, term } = who;
    const { state } = await accounts.load(streams.account(tenant.id, userId));
    const fits = await passwords.verify(password, await passwordOf(who, state));
    const use = demanded && totp !== undefined ? await factors.check({ tenant: tenant.id, userId, term }, totp) : undefined;
    if (!fits || (demanded && use === undefined)) return undefined;
    return { who, epoch: state.epoch, ...(use !== undefined && { use }) };
  };

  const demands = ({ tenant, userId, term }: Membership): Promise<boolean> => factors.demanded({ tenant: tenant.id, userId, term });

  return {
    ...lookUp,
    prove: async (claim) => {
      const all = (await lookUp.everywhere(claim.email)).filter(({ tenant }) => claim.tenant === undefined || tenant.slug === claim.tenant);
      const possible = await Promise.all(all.map(async (who) => ({ who, demanded: await demands(who) })));
      const missing = claim.totp === undefined ? possible.filter(({ demanded }) => demanded) : [];
      const tried = possible.filter((each) => !missing.includes(each));
      if (possible.length === 0) await passwords.verify(claim.password, undefined);
      const outcomes: (Proved | undefined)[] = [];
      // One after the other: who belongs to many tenants would fill the queue of all who sign in, and be refused for it each time.
      for (const { who, demanded } of tried) outcomes.push(await prove(who, claim, demanded));
      const proved = outcomes.filter((each) => each !== undefined);
      return {
        proved,
        factorMissing: missing.length > 0,
        tried: missing.length === 0 || tried.length > 0,
        missed: proved.length > 0 && proved.length < outcomes.length,
      };
    },
  };
};
