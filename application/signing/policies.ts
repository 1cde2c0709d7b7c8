/** The signing policies of all tenants. */
import { streamId, type StreamId, type SubjectId, type TenantId } from '../../domain/kernel/ids.ts';
import { rejectFields } from '../../domain/kernel/rejection.ts';
import { checkPolicy } from '../../domain/signing/policy-check.ts';
import { signingPolicy, type Approver, type SetSigningPolicy, type SigningPolicy, type SigningPolicyState } from '../../domain/signing/policy.ts';
import type { SigningPolicySet } from '../../domain/signing/policy.events.ts';
import { createAggregate } from '../kernel/command-handler.ts';
import type { Cause, Clock, EventStore } from '../kernel/ports.ts';
import type { PersonalData } from '../kernel/sealing.ts';
import { streams, type TenancyAggregates } from '../tenancy/aggregates.ts';

/** A policy as people write it: approvers are e-mail addresses or user ids of members. */
export type PolicyDraft = Omit<SigningPolicy, 'approval'> & Readonly<{ approval?: Readonly<{ enabled: boolean; approvers?: readonly string[] }> }>;

export interface SigningPolicies {
  /** What is in force now, read at the head of its stream; `revision` changes with every change and is -1 before the first. */
  current(tenant: TenantId): Promise<Readonly<{ policy: SigningPolicy; revision: number }>>;
  /** The policy that a draft means. Rejects with `request.invalid`, naming the fields, also for an approver who is no member and was not in the policy before. */
  resolve(tenant: TenantId, draft: PolicyDraft): Promise<SigningPolicy>;
  /** In force with the next request. */
  set(tenant: TenantId, draft: PolicyDraft, cause: Cause): Promise<SigningPolicy>;
}

type Deps = Readonly<{
  store: EventStore;
  memberships: Pick<TenancyAggregates['memberships'], 'load'>;
  personalData: Pick<PersonalData, 'find'>;
  clock: Clock;
}>;

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/iu;

const policyStream = (tenant: TenantId): StreamId => streamId('signing.policy', tenant, 'policy');

/** Tenants that sign in the same hour. */
const CACHED = 20_000;

const createResolve = ({ memberships, personalData }: Deps, current: SigningPolicies['current']): SigningPolicies['resolve'] => {
  /** Members, and who has left since they were named: a policy can be put back as it was got. They decide nothing. */
  const isKnown = async (tenant: TenantId, userId: string): Promise<boolean> => {
    const { state } = await memberships.load(streams.membership(tenant));
    if (state.members.get(userId)?.role !== undefined) return true;
    const { policy } = await current(tenant);
    return policy.approval?.approvers?.some((named) => named.userId === userId) ?? false;
  };

  const approver = async (tenant: TenantId, name: string): Promise<Approver | undefined> => {
    const isId = UUID.test(name);
    const userId = isId ? (name.toLowerCase() as SubjectId) : await personalData.find(tenant, name);
    if (userId === undefined || !(await isKnown(tenant, userId))) return undefined;
    return { userId, named: isId ? 'user_id' : 'email' };
  };

  const approvers = async (tenant: TenantId, names: readonly string[]): Promise<readonly Approver[]> => {
    const found = await Promise.all(names.map((name) => approver(tenant, name)));
    const unknown = found.flatMap((each, index) => (each === undefined ? [[`approval.approvers.${index}`, 'belongs to no member'] as const] : []));
    if (unknown.length > 0) rejectFields(Object.fromEntries(unknown));
    const known = found.filter((each) => each !== undefined);
    return known.filter(({ userId }, index) => known.findIndex((other) => other.userId === userId) === index);
  };

  return async (tenant, draft) => {
    checkPolicy(draft);
    const { approval, ...rest } = draft;
    if (approval === undefined) return rest;
    const { enabled, approvers: names } = approval;
    return { ...rest, approval: { enabled, ...(names !== undefined && { approvers: await approvers(tenant, names) }) } };
  };
};

export const createSigningPolicies = (deps: Deps): SigningPolicies => {
  const { store, clock } = deps;
  const policies = createAggregate<SigningPolicyState, SetSigningPolicy, SigningPolicySet>(store, signingPolicy, { cached: CACHED });
  const current: SigningPolicies['current'] = async (tenant) => {
    const { state, revision } = await policies.load(policyStream(tenant));
    return { policy: state.policy, revision };
  };
  const resolve = createResolve(deps, current);
  return {
    current,
    resolve,
    set: async (tenant, draft, cause) => {
      const data = { policy: await resolve(tenant, draft), setAt: new Date(clock.now()).toISOString() };
      return (await policies.execute(policyStream(tenant), { type: 'SetSigningPolicy', data }, cause)).state.policy;
    },
  };
};
