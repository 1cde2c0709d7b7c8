/** Approvals: asked for by the gate, decided by approvers, used once. */
import { streamId, type StreamId, type SubjectId, type TenantId } from '../../domain/kernel/ids.ts';
import { reject } from '../../domain/kernel/rejection.ts';
import { approval, isApproved, type ApprovalCommand, type ApprovalState } from '../../domain/signing/approval.ts';
import type { ApprovalDecided, ApprovalEvent } from '../../domain/signing/approval.events.ts';
import { isApprover } from '../../domain/signing/policy.ts';
import { createAggregate } from '../kernel/command-handler.ts';
import type { Cause, Clock, EventStore, Ids } from '../kernel/ports.ts';
import type { Role } from '../tenancy/access.ts';
import { hasRole } from './authorise.ts';
import { describeRequest } from './described.ts';
import { fateInTime, fateOf, PENDING_MS } from './fate.ts';
import type { Asked } from './gates.ts';
import type { SigningOperations } from './operations.ts';
import type { SigningPolicies } from './policies.ts';

/** The standing approval of a request; `expiresAt` in UTC, ISO 8601. */
export type StandingApproval = Readonly<{ approvalId: string; status: 'pending' | 'granted' | 'rejected' | 'used'; expiresAt: string }>;

/** Where an approval is: whose request it was, for which digest (base64). */
export type ApprovalPlace = Readonly<{ approvalId: string; requesterUserId: string; digest: string }>;
export type Verdict = 'granted' | 'rejected';
/** Who decides; a person with their role of this moment. */
export type ApprovalDecider = Readonly<{ kind: 'operator' }> | Readonly<{ kind: 'person'; userId: SubjectId; role: Role }>;

export interface Approvals {
  /** Whether the request may go ahead as its operation. */
  isApproved(asked: Asked, at: number): Promise<boolean>;
  /** The one approval that stands for this person and digest, made now if there is none. */
  request(asked: Asked, at: number): Promise<StandingApproval>;
  /** From now on only this operation goes ahead on it; what it answers gives it back. Rejects with `signing.policy_approval`. */
  use(asked: Asked, at: number): Promise<() => Promise<void>>;
  /** The operation has no signature and will get none: the approval that it had used, if any, may be used again. */
  giveBack(tenant: TenantId, of: Readonly<{ operationId: string; actorUserId: string; digest: string }>, cause: Cause): Promise<void>;
  /** The operator, owners and admins, and who is named by the policy of this moment; anybody else: `signing.approver_required`. */
  requireDecider(tenant: TenantId, by: ApprovalDecider): Promise<void>;
  /**
   * Rejects as `requireDecider` does, and with `signing.approval_own`,
   * `signing.approval_decided` {status} (also when this very decision was made before) or `signing.approval_expired`. Answers what it added: the
   * approval was pending before it.
   */
  decide(tenant: TenantId, place: ApprovalPlace, how: Readonly<{ by: ApprovalDecider; verdict: Verdict; cause: Cause }>): Promise<ApprovalDecided>;
}

const LIFE_MS = 24 * 3_600_000;
const CACHED = 5_000;

const iso = (at: number): string => new Date(at).toISOString();
const streamOf = (tenant: TenantId, userId: string, digest: string): StreamId =>
  streamId('signing.approval', tenant, `${userId}.${Buffer.from(digest, 'base64').toString('base64url')}`);

type Deps = Readonly<{ store: EventStore; operations: Pick<SigningOperations, 'load' | 'execute'>; policies: Pick<SigningPolicies, 'current'>; clock: Clock; ids: Ids }>;

const createRequireDecider = ({ policies }: Deps): Approvals['requireDecider'] => async (tenant, by) => {
  if (by.kind === 'operator' || hasRole(by.role, 'admin')) return;
  const { policy } = await policies.current(tenant);
  if (!isApprover(policy, by.userId)) reject('signing.approver_required');
};

const createDecide = (approvals: ReturnType<typeof aggregateOf>, deps: Deps): Approvals['decide'] => async (tenant, place, { by, verdict, cause }) => {
  await createRequireDecider(deps)(tenant, by);
  const { approvalId, requesterUserId, digest } = place;
  const data = { approvalId, ...(by.kind === 'person' && { approverUserId: by.userId }), decidedAt: iso(deps.clock.now()) };
  const type = verdict === 'granted' ? 'GrantApproval' : 'RejectApproval';
  const { events: [event] } = await approvals.execute(streamOf(tenant, requesterUserId, digest), { type, data }, cause);
  return event?.type === 'ApprovalGranted' || event?.type === 'ApprovalRejected' ? event : reject('signing.approval_decided', { status: verdict });
};

const aggregateOf = (store: EventStore) => createAggregate<ApprovalState, ApprovalCommand, ApprovalEvent>(store, approval, { cached: CACHED });

const placeOf = (asked: Asked) => {
  const described = describeRequest(asked);
  return { described, stream: streamOf(asked.principal.tenant.id, described.actorUserId, described.digest) };
};

/**
 * One approval is one signature: what was used by another operation is settled by what became of that, whoever died when. Answers the
 * operation that has spent it.
 */
const createSettle = (approvals: ReturnType<typeof aggregateOf>, { operations }: Deps) => async (asked: Asked, at: number): Promise<string | undefined> => {
  const { stream } = placeOf(asked);
  const { state } = await approvals.load(stream);
  if (state.status !== 'used' || state.operationId === asked.operationId) return undefined;
  const { operationId, usedAt } = state;
  const where = { tenant: asked.principal.tenant.id, operationId };
  const fate = usedAt > iso(at - PENDING_MS) ? await fateOf(operations, where) : await fateInTime(operations, where, at, asked.cause);
  if (fate === 'release') await approvals.execute(stream, { type: 'ReturnApproval', data: { operationId } }, asked.cause);
  return fate === 'spend' ? operationId : undefined;
};

export const createApprovals = (deps: Deps): Approvals => {
  const { store, ids } = deps;
  const approvals = aggregateOf(store);
  const settle = createSettle(approvals, deps);
  return {
    isApproved: async (asked, at) => {
      await settle(asked, at);
      return isApproved((await approvals.load(placeOf(asked).stream)).state, asked.operationId, iso(at));
    },

    request: async (asked, at) => {
      const { described, stream } = placeOf(asked);
      const { actorUserId: requesterUserId, by, digest, fileName, fileSize, source, reason } = described;
      const times = { requestedAt: iso(at), expiresAt: iso(at + LIFE_MS) };
      const data = { approvalId: ids.next(), requesterUserId, by, digest, fileName, fileSize, source, ...(reason !== undefined && { reason }), ...times };
      const { state } = await approvals.execute(stream, { type: 'RequestApproval', data, spentBy: await settle(asked, at) }, asked.cause);
      return state.status === 'none' ? reject('signing.approval_not_found') : state;
    },

    use: async (asked, at) => {
      const { stream } = placeOf(asked);
      const { operationId, cause } = asked;
      await approvals.execute(stream, { type: 'UseApproval', data: { operationId, usedAt: iso(at) } }, cause);
      return async () => {
        await approvals.execute(stream, { type: 'ReturnApproval', data: { operationId } }, cause);
      };
    },

    giveBack: async (tenant, { operationId, actorUserId, digest }, cause) => {
      await approvals.execute(streamOf(tenant, actorUserId, digest), { type: 'ReturnApproval', data: { operationId } }, cause);
    },

    requireDecider: createRequireDecider(deps),
    decide: createDecide(approvals, deps),
  };
};
