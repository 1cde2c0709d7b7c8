/** What the signing context stores of policy, approvals and what they refuse: schema of every version. */
import Type from 'typebox';
import type { ApprovalEvent } from '../../domain/signing/approval.events.ts';
import type { PaceEvent } from '../../domain/signing/pace.events.ts';
import type { SigningPolicySet as PolicySet } from '../../domain/signing/policy.events.ts';
import type { SigningRefused as Refused } from '../../domain/signing/refusal.events.ts';
import { defineEvents, v1 } from '../kernel/event-catalogue.ts';

const UUID = '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$';
const uuid = () => Type.String({ pattern: UUID });
const instant = () => Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$' });
const clockTime = () => Type.String({ pattern: '^\\d{2}:\\d{2}$' });
const exact = { additionalProperties: false } as const;
const sources = () => Type.Enum(['cli', 'github_action', 'dashboard', 'api']);
const signedBy = () => Type.Object({ kind: Type.Enum(['session', 'credential']), id: Type.String({ minLength: 1 }) }, exact);
const sealed = () => Type.Object({ subject: uuid(), box: Type.String({ minLength: 1 }) }, exact);
const digest = () => Type.String({ pattern: '^[A-Za-z0-9+/]{43}=$' });
const fileSize = () => Type.Integer({ minimum: 0 });
const fileName = () => Type.String({ minLength: 1 });

const Policy = Type.Object(
  {
    requireSecondFactor: Type.Optional(Type.Boolean()),
    ipAllowlist: Type.Optional(Type.Array(Type.String())),
    approval: Type.Optional(
      Type.Object(
        {
          enabled: Type.Boolean(),
          approvers: Type.Optional(Type.Array(Type.Object({ userId: uuid(), named: Type.Enum(['email', 'user_id']) }, exact))),
        },
        exact,
      ),
    ),
    perUserLimit: Type.Optional(Type.Object({ count: Type.Integer({ minimum: 1 }), windowSeconds: Type.Integer({ minimum: 1 }) }, exact)),
    signingHours: Type.Optional(
      Type.Object(
        {
          timezone: Type.String({ minLength: 1 }),
          days: Type.Optional(Type.Array(Type.Enum(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']))),
          from: clockTime(),
          to: clockTime(),
        },
        exact,
      ),
    ),
    allowedSources: Type.Optional(Type.Array(sources())),
    allowedExtensions: Type.Optional(Type.Array(Type.String({ minLength: 1 }))),
    maxFileSize: Type.Optional(Type.Integer({ minimum: 1 })),
    requireReason: Type.Optional(Type.Boolean()),
    lockdown: Type.Optional(Type.Boolean()),
  },
  exact,
);

const SigningPolicySet = Type.Object({ policy: Policy, setAt: instant() }, exact);

const SigningRefused = Type.Object(
  {
    attemptId: uuid(),
    code: Type.String({ minLength: 1 }),
    actorUserId: uuid(),
    by: signedBy(),
    secondFactor: Type.Boolean(),
    digest: digest(),
    fileName: fileName(),
    fileSize: fileSize(),
    source: sources(),
    clientChannel: Type.Optional(Type.String()),
    clientVersion: Type.Optional(Type.String()),
    batchId: Type.Optional(uuid()),
    reason: Type.Optional(Type.String()),
    approved: Type.Optional(Type.Literal(true)),
    address: sealed(),
    refusedAt: instant(),
  },
  exact,
);

const paced = { operationId: uuid(), at: instant() };

const PaceOpened = Type.Object(
  { revision: Type.Optional(Type.Integer({ minimum: 0 })), count: Type.Integer({ minimum: 1 }), windowSeconds: Type.Integer({ minimum: 1 }), signings: Type.Array(Type.Object(paced, exact)) },
  exact,
);

const ApprovalRequested = Type.Object(
  {
    approvalId: uuid(),
    requesterUserId: uuid(),
    by: signedBy(),
    digest: digest(),
    fileName: fileName(),
    fileSize: fileSize(),
    source: sources(),
    reason: Type.Optional(Type.String()),
    requestedAt: instant(),
    expiresAt: instant(),
  },
  exact,
);
const decided = () => Type.Object({ approvalId: uuid(), approverUserId: Type.Optional(uuid()), decidedAt: instant() }, exact);

export const signingPolicyEvents = defineEvents<PolicySet | Refused | PaceEvent | ApprovalEvent>('signing', {
  SigningPolicySet: v1(SigningPolicySet),
  SigningRefused: v1(SigningRefused),
  PaceOpened: v1(PaceOpened),
  PaceTaken: v1(Type.Object(paced, exact)),
  PaceReturned: v1(Type.Object({ operationId: uuid() }, exact)),
  PaceClosed: v1(Type.Object({ closedAt: instant() }, exact)),
  ApprovalRequested: v1(ApprovalRequested),
  ApprovalGranted: v1(decided()),
  ApprovalRejected: v1(decided()),
  ApprovalUsed: v1(Type.Object({ approvalId: uuid(), operationId: uuid(), usedAt: instant() }, exact)),
  ApprovalReturned: v1(Type.Object({ approvalId: uuid(), operationId: uuid() }, exact)),
});
