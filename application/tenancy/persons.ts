/** How a person comes to belong to a tenant: a place among its members and a way to sign in, in one append. */
import type { SubjectId, TenantId } from '../../domain/kernel/ids.ts';
import { requireRoom } from '../../domain/tenancy/membership.ts';
import { memberLimit } from '../../domain/tenancy/plans.ts';
import type { Sealed } from '../../domain/kernel/sealed.ts';
import type { Managed } from '../../domain/tenancy/manager.ts';
import type { Role } from '../../domain/tenancy/terms.ts';
import type { Cause } from '../kernel/ports.ts';
import type { PersonalData, Subject } from '../kernel/sealing.ts';
import { withSubject } from '../kernel/with-subject.ts';
import { places, streams, type TenancyAggregates } from './aggregates.ts';
import type { Passwords } from './ports.ts';

export type Joining = Readonly<{ tenant: TenantId; email: string; password: string; role: Role }> & Managed;

/** What a person joins with, sealed under their key. */
export type Belongings = Readonly<{ email: Sealed; passwordHash: Sealed }>;

export interface Persons {
  /** The person behind an address, if the tenant knows them. */
  find(tenant: TenantId, email: string): Promise<SubjectId | undefined>;
  /** The person who is a member of the tenant under this address. */
  findMember(tenant: TenantId, email: string): Promise<SubjectId | undefined>;
  /** Rejects with `tenancy.member_limit` {limit} when the tenant's plan has no room for another member. */
  requireRoom(tenant: TenantId): Promise<void>;
  /** How many members the tenant may have; undefined: any number. */
  limit(tenant: TenantId): Promise<number | undefined>;
  /** Address and password as they stand in the event of joining. */
  belongings(tenant: TenantId, subject: Subject, person: Readonly<{ email: string; hash: string }>): Promise<Belongings>;
  /** Runs with the person behind an address, known or new; again when somebody else made them known at the same moment. */
  withSubject<T>(tenant: TenantId, email: string, work: (subject: Subject) => Promise<T>): Promise<T>;
  /**
   * One append: the person, known from now on if not before, is a member with this password. Rejects with `tenancy.member_exists`,
   * `tenancy.member_limit` {limit}, or with `tenancy.owner_required` when somebody who may not makes an owner.
   */
  join(person: Joining, cause: Cause): Promise<SubjectId>;
}

type Deps = Readonly<{
  aggregates: Pick<TenancyAggregates, 'memberships' | 'tenants'>;
  personalData: PersonalData;
  passwords: Passwords;
}>;

/** What the plan allows now; a tenant that is still being made has its owner, and no limit. */
const limitOf = async ({ tenants }: Deps['aggregates'], tenant: TenantId): Promise<number | undefined> => {
  const { state } = await tenants.load(streams.tenant(tenant));
  return state.status === 'open' ? memberLimit(state.plans) : undefined;
};

export const createPersons = ({ aggregates, personalData, passwords }: Deps): Persons => {
  const find: Persons['find'] = (tenant, email) => personalData.find(tenant, email);
  const members = async (tenant: TenantId) => (await aggregates.memberships.load(streams.membership(tenant))).state;
  const limit: Persons['limit'] = (tenant) => limitOf(aggregates, tenant);

  const belongings: Persons['belongings'] = async (tenant, subject, { email, hash }) => ({
    email: await personalData.seal(subject, places.email(tenant, subject.id), email),
    passwordHash: await personalData.seal(subject, places.joinedWith(tenant, subject.id), hash),
  });
  const withKnown: Persons['withSubject'] = (tenant, email, work) => withSubject(personalData, { tenant, name: email }, work);

  return {
    find,
    limit,
    belongings,
    withSubject: withKnown,
    findMember: async (tenant, email) => {
      const userId = await find(tenant, email);
      return userId !== undefined && (await members(tenant)).members.get(userId)?.role !== undefined ? userId : undefined;
    },
    requireRoom: async (tenant) => requireRoom(await members(tenant), await limit(tenant)),
    join: async ({ tenant, email, password, role, by }, cause) => {
      const hash = await passwords.hash(password);
      const most = await limit(tenant);
      return withKnown(tenant, email, async (subject) => {
        const sealed = await belongings(tenant, subject, { email, hash });
        const data = { userId: subject.id, role, ...sealed, by, ...(most !== undefined && { limit: most }) };
        await aggregates.memberships.execute(streams.membership(tenant), { type: 'AddMember', data }, { ...cause, keys: subject.newKeys });
        return subject.id;
      });
    },
  };
};
