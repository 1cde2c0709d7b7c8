/** The two things a person has in a tenant: a way to sign in, and a place among its members. */
import type { SubjectId, TenantId } from '../../domain/kernel/ids.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import { requireRoom } from '../../domain/tenancy/membership.ts';
import { memberLimit } from '../../domain/tenancy/plans.ts';
import type { Role } from '../../domain/tenancy/terms.ts';
import type { Cause } from '../kernel/ports.ts';
import type { PersonalData, Subject } from '../kernel/sealing.ts';
import { places, streams, type TenancyAggregates } from './aggregates.ts';
import type { Passwords } from './ports.ts';

export interface Persons {
  /** The person behind an address, if the tenant knows them. */
  find(tenant: TenantId, email: string): Promise<SubjectId | undefined>;
  /** The person behind an address, known from now on if not before, with this password. */
  withPassword(tenant: TenantId, email: string, password: string, cause: Cause): Promise<SubjectId>;
  /** Rejects with `tenancy.member_limit` {limit} when the tenant's plan has no room for another member. */
  requireRoom(tenant: TenantId): Promise<void>;
  /** Rejects with `tenancy.member_exists`, `tenancy.member_limit` {limit}, or with `tenancy.owner_required` when somebody who may not makes an owner. */
  join(person: Readonly<{ tenant: TenantId; userId: SubjectId; role: Role; email: string; overOwners: boolean }>, cause: Cause): Promise<void>;
}

type Deps = Readonly<{
  aggregates: Pick<TenancyAggregates, 'accounts' | 'memberships' | 'tenants'>;
  personalData: PersonalData;
  passwords: Passwords;
}>;

/** What the plan allows now; a tenant that is still being made has its owner, and no limit. */
const limitOf = async ({ tenants }: Deps['aggregates'], tenant: TenantId): Promise<number | undefined> => {
  const { state } = await tenants.load(streams.tenant(tenant));
  return state.status === 'open' ? memberLimit(state.plans) : undefined;
};

const ATTEMPTS = 3;

const isKnownByNow = (error: unknown): boolean => error instanceof Rejection && error.code === 'kernel.key_exists';

/** Runs with the subject of an address; again when somebody else made the subject at the same moment. */
const withSubject = async <T>(find: () => Promise<Subject>, work: (subject: Subject) => Promise<T>): Promise<T> => {
  for (let tried = 1; tried < ATTEMPTS; tried += 1) {
    try {
      return await work(await find());
    } catch (error) {
      if (!isKnownByNow(error)) throw error;
    }
  }
  return work(await find());
};

export const createPersons = ({ aggregates, personalData, passwords }: Deps): Persons => ({
  requireRoom: async (tenant) => {
    const { state } = await aggregates.memberships.load(streams.membership(tenant));
    requireRoom(state, await limitOf(aggregates, tenant));
  },

  find: (tenant, email) => personalData.find(tenant, email),

  withPassword: async (tenant, email, password, cause) => {
    const hash = await passwords.hash(password);
    return withSubject(
      () => personalData.subject(tenant, email),
      async (subject) => {
        const passwordHash = await personalData.seal(subject, places.passwordHash(tenant, subject.id), hash);
        const command = { type: 'SetPassword', data: { passwordHash } } as const;
        await aggregates.accounts.execute(streams.account(tenant, subject.id), command, { ...cause, keys: subject.newKeys });
        return subject.id;
      },
    );
  },

  join: async ({ tenant, userId, role, email, overOwners }, cause) => {
    const sealed = await personalData.seal({ id: userId, newKeys: [] }, places.email(tenant, userId), email);
    const limit = await limitOf(aggregates, tenant);
    const command = { type: 'AddMember', data: { userId, role, email: sealed, overOwners, ...(limit !== undefined && { limit }) } } as const;
    await aggregates.memberships.execute(streams.membership(tenant), command, cause);
  },
});
