/** GET /tenants/{slug}/approvals, POST …/{id}/approve and …/reject: what approvers see and decide. */
import Type, { type Static } from 'typebox';
import type { Clock } from '../../../application/kernel/ports.ts';
import type { Query } from '../../../application/kernel/read-models.ts';
import type { ApprovalDecider, Verdict } from '../../../application/signing/approvals.ts';
import type { SigningRules } from '../../../application/signing/rules.ts';
import type { Access } from '../../../application/tenancy/access.ts';
import type { TenantId } from '../../../domain/kernel/ids.ts';
import { reject } from '../../../domain/kernel/rejection.ts';
import type { Reader } from '../../../projections/kernel/reader.ts';
import { afterDecision, signingApprovals, type ApprovalDocument } from '../../../projections/signing/approvals.ts';
import type { MemberDirectory } from '../../../projections/tenancy/member-directory.ts';
import { defineRoute, type Route } from '../../kernel/route.ts';
import { answerPage, pageOf, PageQuery } from '../page.ts';
import { inPerson, type PlatformPrincipal } from '../principal.ts';
import { SlugParams } from '../schemas.ts';
import { APPROVAL_STATUSES, ApprovalParams, ApprovalReply } from '../signing-schemas.ts';
import { tenantOfPath } from './members.ts';

export type ApprovalDeps = Readonly<{
  rules: Pick<SigningRules, 'approvals'>;
  reader: Reader;
  directory: Pick<MemberDirectory, 'emails'>;
  access: Pick<Access, 'tenantBySlug'>;
  clock: Clock;
}>;

type Shown = Static<typeof ApprovalReply>;
type Status = (typeof APPROVAL_STATUSES)[number];

const common = { tags: ['Approvals'], permission: 'member' } as const;
const rejections = ['tenancy.tenant_unknown', 'signing.approver_required'];

const ApprovalsQuery = Type.Object({
  ...PageQuery.properties,
  status: Type.Optional(Type.Enum([...APPROVAL_STATUSES], { description: 'Only these' })),
});

const isOver = ({ status, expiresAt }: ApprovalDocument, now: string): boolean => (status === 'pending' || status === 'granted') && expiresAt <= now;

const statusOf = (document: ApprovalDocument, now: string): Status => {
  if (isOver(document, now)) return 'expired';
  return document.status === 'granted' ? 'approved' : document.status;
};

const WHERE: Readonly<Record<Status, (now: string) => NonNullable<Query<ApprovalDocument>['where']>>> = {
  pending: (now) => ({ status: 'pending', expiresAt: { gt: now } }),
  approved: (now) => ({ status: 'granted', expiresAt: { gt: now } }),
  rejected: () => ({ status: 'rejected' }),
  used: () => ({ status: 'used' }),
  expired: (now) => ({ status: { in: ['pending', 'granted'] }, expiresAt: { lte: now } }),
};

const deciderKind = ({ decidedAt, approverUserId }: ApprovalDocument): Shown['decided_by'] => {
  if (decidedAt === null) return null;
  return approverUserId === null ? 'operator' : 'member';
};

const show = (document: ApprovalDocument, emails: ReadonlyMap<string, string>, now: string): Shown => ({
  id: document.id,
  status: statusOf(document, now),
  requester_user_id: document.requesterUserId,
  requester_email: emails.get(document.requesterUserId) ?? null,
  digest: document.digest,
  file_name: document.fileName,
  file_size: document.fileSize,
  source: document.source,
  reason: document.reason,
  requested_at: document.requestedAt,
  expires_at: document.expiresAt,
  approver_user_id: document.approverUserId,
  approver_email: emails.get(document.approverUserId ?? '') ?? null,
  decided_by: deciderKind(document),
  decided_at: document.decidedAt,
  operation_id: document.operationId,
});

const createQueue = ({ reader, directory, clock }: ApprovalDeps) => {
  const now = (): string => new Date(clock.now()).toISOString();
  const named = (tenant: TenantId, documents: readonly ApprovalDocument[]) =>
    directory.emails(tenant, documents.flatMap(({ requesterUserId, approverUserId }) => [requesterUserId, ...(approverUserId === null ? [] : [approverUserId])]));

  return {
    find: async (tenant: TenantId, id: string): Promise<ApprovalDocument> => {
      const model = await reader.open<ApprovalDocument>(tenant, signingApprovals);
      return (await model.get(id)) ?? reject('signing.approval_not_found');
    },
    /** Asked before a decision: what is shown after it waits for nothing. */
    emails: (tenant: TenantId, { requesterUserId }: ApprovalDocument, by: ApprovalDecider) =>
      directory.emails(tenant, [requesterUserId, ...(by.kind === 'person' ? [by.userId] : [])]),
    show: (document: ApprovalDocument, emails: ReadonlyMap<string, string>): Shown => show(document, emails, now()),
    page: async (tenant: TenantId, status: Status | undefined, page: Readonly<{ limit: number; after?: string }>) => {
      const at = now();
      const model = await reader.open<ApprovalDocument>(tenant, signingApprovals);
      const where = status === undefined ? {} : { where: WHERE[status](at) };
      const found = await model.page({ ...page, ...where, order: { by: 'expiresAt', direction: 'desc' } });
      const emails = await named(tenant, found.items);
      return { ...found, items: found.items.map((document) => show(document, emails, at)) };
    },
  };
};

type Queue = ReturnType<typeof createQueue>;

const deciderOf = (principal: PlatformPrincipal): ApprovalDecider => {
  if (principal.kind === 'operator') return principal;
  const { userId, role } = inPerson(principal);
  return { kind: 'person', userId, role };
};

const listRoute = (deps: ApprovalDeps, queue: Queue) =>
  defineRoute<PlatformPrincipal, typeof SlugParams, typeof ApprovalsQuery>({
    ...common,
    method: 'GET',
    path: '/v1/tenants/:slug/approvals',
    operationId: 'listApprovals',
    summary: 'List the approvals that signatures wait for, newest first',
    description: 'For the operator, owners, admins and approvers by the policy.',
    params: SlugParams,
    query: ApprovalsQuery,
    replies: { 200: { description: 'A page of approvals', schema: pageOf(ApprovalReply, 'Approvals') } },
    rejections,
    handle: async ({ principal, params, query: { status, ...page } }) => {
      const { id } = await tenantOfPath(deps.access, params.slug);
      await deps.rules.approvals.requireDecider(id, deciderOf(principal));
      return answerPage(`approvals/${status ?? ''}`, page, (wanted) => queue.page(id, status, wanted), (item) => item);
    },
  });

const VERBS = { granted: 'approve', rejected: 'reject' } as const;

const decideRoute = (deps: ApprovalDeps, queue: Queue, verdict: Verdict) =>
  defineRoute<PlatformPrincipal, typeof ApprovalParams>({
    ...common,
    method: 'POST',
    path: `/v1/tenants/:slug/approvals/:id/${VERBS[verdict]}`,
    operationId: `${VERBS[verdict]}Signing`,
    summary: verdict === 'granted' ? 'Approve a request to sign' : 'Reject a request to sign',
    description:
      verdict === 'granted'
        ? 'For the operator, owners, admins and approvers by the policy, and never for requests of their own. The request signs one time, before the approval is over.'
        : 'For the operator, owners, admins and approvers by the policy, and never for requests of their own. It stays rejected until the approval is over.',
    params: ApprovalParams,
    replies: { 200: { description: 'The approval', schema: ApprovalReply } },
    rejections: [...rejections, 'signing.approval_not_found', 'signing.approval_own', 'signing.approval_decided', 'signing.approval_expired'],
    // The answer names people: its copy is kept sealed.
    idempotentCopy: 'secret',
    handle: async ({ principal, params, cause }) => {
      const { id: tenant } = await tenantOfPath(deps.access, params.slug);
      const by = deciderOf(principal);
      await deps.rules.approvals.requireDecider(tenant, by);
      const found = await queue.find(tenant, params.id.toLowerCase());
      const emails = await queue.emails(tenant, found, by);
      const { id: approvalId, requesterUserId, digest } = found;
      const decided = await deps.rules.approvals.decide(tenant, { approvalId, requesterUserId, digest }, { by, verdict, cause });
      return { status: 200, body: queue.show(afterDecision(found, decided), emails) };
    },
  });

export const approvalRoutes = (deps: ApprovalDeps): readonly Route<PlatformPrincipal>[] => {
  const queue = createQueue(deps);
  return [listRoute(deps, queue), decideRoute(deps, queue, 'granted'), decideRoute(deps, queue, 'rejected')];
};
