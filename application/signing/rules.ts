/** The policy as two gates: one judges a request before it waits for anything, one again when its turn has come, and takes what it uses up. */
import { reject, Rejection } from '../../domain/kernel/rejection.ts';
import { judge, POLICY_REFUSALS, type PolicyRefusal, type SigningFacts } from '../../domain/signing/judge.ts';
import { needsApproval, type SigningPolicy } from '../../domain/signing/policy.ts';
import type { Clock, EventStore, Ids } from '../kernel/ports.ts';
import type { PersonalData } from '../kernel/sealing.ts';
import type { TenancyAggregates } from '../tenancy/aggregates.ts';
import { createApprovals, type Approvals } from './approvals.ts';
import { describeRequest } from './described.ts';
import type { Asked, Gate, Held } from './gates.ts';
import { createSigningOperations } from './operations.ts';
import { createPace, type Pace, type Paces, type RecentSignings } from './pace.ts';
import { createSigningPolicies, type SigningPolicies } from './policies.ts';

export type SigningRules = Readonly<{
  policies: SigningPolicies;
  approvals: Approvals;
  /**
   * Rejects with a `PolicyRefusal`: `signing.policy_reason` {fields}, `…_user_rate` {retryAfter}, `…_approval` {approvalId, status,
   * expiresAt}, the others without details. Takes nothing.
   */
  look: Gate;
  /** Judges by the policy of this moment, rejects as `look` does, and takes a place in the person's rate and the approval: the last gate. */
  take: Gate;
}>;

type Parts = Readonly<{ policies: SigningPolicies; approvals: Approvals; pace: Pace }>;

/** One request before one policy. */
type Case = Readonly<{ asked: Asked; policy: SigningPolicy; revision: number; at: number }>;

const isRefusal = (error: unknown): error is Rejection =>
  error instanceof Rejection && (POLICY_REFUSALS as readonly string[]).includes(error.code);

/** What the request itself tells; who has signed how often, and what is approved, is asked only when nothing here refuses. */
const factsOf = ({ asked, at }: Case): SigningFacts => {
  const { secondFactor, source, fileName, fileSize, reason } = describeRequest(asked);
  return { at, address: asked.request.ip, secondFactor, source, fileName, fileSize, reason, signedInWindow: 0, approved: true };
};

const pacesOf = ({ asked, policy, revision }: Case): Paces | undefined =>
  policy.perUserLimit && { tenant: asked.principal.tenant.id, userId: describeRequest(asked).actorUserId, revision, ...policy.perUserLimit };

const DETAILS: Readonly<Partial<Record<PolicyRefusal, object>>> = {
  'signing.policy_reason': { fields: { reason: 'is required by the policy of the organization' } },
};

const createRefuse =
  ({ approvals }: Parts) =>
  async (code: PolicyRefusal, { asked, at }: Case, retryAfter = 0): Promise<never> => {
    if (code === 'signing.policy_approval') return reject(code, { ...(await approvals.request(asked, at)) });
    return reject(code, { ...(code === 'signing.policy_user_rate' ? { retryAfter } : DETAILS[code]) });
  };

type Refuse = ReturnType<typeof createRefuse>;

/** Rejects with the first rule that the request itself is enough for. */
const judgeRequest = async (of: Case, refuse: Refuse): Promise<void> => {
  const code = judge(of.policy, factsOf(of));
  if (code !== undefined) await refuse(code, of);
};

const createLook = ({ pace, approvals }: Parts, refuse: Refuse) =>
  async (of: Case): Promise<Held | undefined> => {
    await judgeRequest(of, refuse);
    const { asked, policy, at } = of;
    const who = pacesOf(of);
    const paced = who && (await pace.look(who, { ...asked, at }));
    const approved = !needsApproval(policy) || (await approvals.isApproved(asked, at));
    const code = judge(policy, { ...factsOf(of), signedInWindow: paced?.signedInWindow ?? 0, approved });
    if (code !== undefined) await refuse(code, of, paced?.retryAfter);
    return needsApproval(policy) ? { approved: true } : undefined;
  };

const createTake = ({ pace, approvals }: Parts, refuse: Refuse) => {
  const approve = async (of: Case): Promise<(() => Promise<void>) | undefined> => {
    if (!needsApproval(of.policy)) return undefined;
    try {
      return await approvals.use(of.asked, of.at);
    } catch (error) {
      // Another request has just used it: this one needs one of its own.
      return isRefusal(error) ? refuse('signing.policy_approval', of) : Promise.reject(error);
    }
  };

  /** Of requests at the same moment not more than there is room for get through. */
  return async (of: Case): Promise<Held> => {
    await judgeRequest(of, refuse);
    const who = pacesOf(of);
    const returnPace = who && (await pace.take(who, { ...of.asked, at: of.at }));
    try {
      const returnApproval = await approve(of);
      return {
        undo: async () => {
          await returnApproval?.();
          await returnPace?.();
        },
      };
    } catch (error) {
      await returnPace?.().catch(() => undefined);
      throw error;
    }
  };
};

/** A gate that is open where there is no policy. */
const underPolicy =
  ({ policies }: Parts, gate: (of: Case) => Promise<Held | undefined>) =>
  async (asked: Asked, at: number): Promise<Held & Readonly<{ stale: () => Promise<boolean> }>> => {
    const tenant = asked.principal.tenant.id;
    const { policy, revision } = await policies.current(tenant);
    const held = Object.keys(policy).length === 0 ? undefined : await gate({ asked, policy, revision, at });
    return { ...held, stale: async () => (await policies.current(tenant)).revision !== revision };
  };

const isSuperseded = (error: unknown): boolean => error instanceof Rejection && error.code === 'signing.pace_superseded';

/** Once more when a policy was set while it was being asked. */
const untilInForce =
  (gate: Gate): Gate =>
  async (asked, at) => {
    for (;;) {
      try {
        return await gate(asked, at);
      } catch (error) {
        if (!isSuperseded(error)) throw error;
      }
    }
  };

const createGates = (parts: Parts): Pick<SigningRules, 'look' | 'take'> => {
  const refuse = createRefuse(parts);
  const look = underPolicy(parts, createLook(parts, refuse));
  // What was only looked at is asked again anyway.
  return {
    look: async (asked, at) => ({ ...(await look(asked, at)), stale: undefined }),
    take: untilInForce(underPolicy(parts, createTake(parts, refuse))),
  };
};

export type SigningRulesDeps = Readonly<{
  store: EventStore;
  memberships: Pick<TenancyAggregates['memberships'], 'load'>;
  personalData: Pick<PersonalData, 'find'>;
  recent: RecentSignings;
  clock: Clock;
  ids: Ids;
}>;

export const createSigningRules = (deps: SigningRulesDeps): SigningRules => {
  const policies = createSigningPolicies(deps);
  const approvals = createApprovals({ ...deps, operations: createSigningOperations(deps.store), policies });
  return { policies, approvals, ...createGates({ policies, approvals, pace: createPace(deps) }) };
};
