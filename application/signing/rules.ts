/** The policy as a gate: judges a request, and takes what a request that goes ahead uses up. */
import { reject, Rejection } from '../../domain/kernel/rejection.ts';
import { judge, POLICY_REFUSALS, type PolicyRefusal, type SigningFacts } from '../../domain/signing/judge.ts';
import { needsApproval, type SigningPolicy } from '../../domain/signing/policy.ts';
import type { Clock, EventStore, Ids } from '../kernel/ports.ts';
import type { PersonalData } from '../kernel/sealing.ts';
import type { TenancyAggregates } from '../tenancy/aggregates.ts';
import { createApprovals, type Approvals } from './approvals.ts';
import { describeRequest } from './described.ts';
import type { Asked, Gate, Held } from './gates.ts';
import { createPace, type Pace, type Paces, type RecentSignings } from './pace.ts';
import { createSigningPolicies, type SigningPolicies } from './policies.ts';

export type SigningRules = Readonly<{
  policies: SigningPolicies;
  approvals: Approvals;
  /**
   * Rejects with a `PolicyRefusal`: `signing.policy_reason` {fields}, `…_user_rate` {retryAfter}, `…_approval` {approvalId, status,
   * expiresAt}, the others without details.
   */
  gate: Gate;
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

const createLook = ({ pace, approvals }: Parts) => {
  const refuse = async (code: PolicyRefusal, { asked, at }: Case, retryAfter = 0): Promise<never> => {
    if (code === 'signing.policy_approval') return reject(code, { ...(await approvals.request(asked, at)) });
    return reject(code, { ...(code === 'signing.policy_user_rate' ? { retryAfter } : DETAILS[code]) });
  };

  /** Rejects with the first rule that refuses, as things are now. */
  const look = async (of: Case): Promise<void> => {
    const { asked, policy, at } = of;
    const facts = factsOf(of);
    const known = judge(policy, facts);
    if (known !== undefined) await refuse(known, of);
    const who = pacesOf(of);
    const paced = who && (await pace.look(who, { ...asked, at }));
    const approved = !needsApproval(policy) || (await approvals.isApproved(asked, at));
    const code = judge(policy, { ...facts, signedInWindow: paced?.signedInWindow ?? 0, approved });
    if (code !== undefined) await refuse(code, of, paced?.retryAfter);
  };

  return { look, refuse };
};

const createTake = ({ pace, approvals }: Parts, refuse: ReturnType<typeof createLook>['refuse']) => {
  const approve = async (of: Case): Promise<(() => Promise<void>) | undefined> => {
    if (!needsApproval(of.policy)) return undefined;
    try {
      return await approvals.use(of.asked, of.at);
    } catch (error) {
      // Another request has just used it: this one needs one of its own.
      return isRefusal(error) ? refuse('signing.policy_approval', of) : Promise.reject(error);
    }
  };

  /** Takes for good what was only looked at; of requests at the same moment not more than there is room for get through. */
  return async (of: Case): Promise<Held> => {
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

const createGate = (parts: Parts): Gate => {
  const { look, refuse } = createLook(parts);
  const take = createTake(parts, refuse);
  return async (asked, at) => {
    const { policy, revision } = await parts.policies.current(asked.principal.tenant.id);
    if (Object.keys(policy).length === 0) return undefined;
    const of: Case = { asked, policy, revision, at };
    await look(of);
    return { ...(await take(of)), ...(needsApproval(policy) && { approved: true }) };
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
  const approvals = createApprovals({ ...deps, policies });
  const gate = createGate({ policies, approvals, pace: createPace(deps) });
  return { policies, approvals, gate };
};
