/** What the signing context stores: schema of every version, in the event catalogue's terms. */
import Type from 'typebox';
import type { SigningOperationsExported as Exported } from '../../domain/signing/export.events.ts';
import type { SigningStreamEvent } from '../../domain/signing/operation.events.ts';
import type { SigningQuotaEvent } from '../../domain/signing/quota.events.ts';
import { defineEvents, v1 } from '../kernel/event-catalogue.ts';

const UUID = '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$';
const uuid = () => Type.String({ pattern: UUID });
const instant = () => Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$' });
const second = () => Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}Z$' });
const sha256 = () => Type.String({ pattern: '^[0-9a-f]{64}$' });
const exact = { additionalProperties: false } as const;
const signedBy = () =>
  Type.Object({ kind: Type.Union([Type.Literal('session'), Type.Literal('credential')]), id: Type.String({ minLength: 1 }) }, exact);

const SigningRequested = Type.Object(
  {
    operationId: uuid(),
    actorUserId: uuid(),
    by: signedBy(),
    secondFactor: Type.Boolean(),
    digest: Type.String({ pattern: '^[A-Za-z0-9+/]{43}=$' }),
    algorithm: Type.Literal('sha256'),
    fileName: Type.String({ minLength: 1 }),
    fileSize: Type.Integer({ minimum: 0 }),
    fileKind: Type.Union([Type.Literal('pe'), Type.Literal('msi'), Type.Literal('powershell'), Type.Literal('cab')]),
    source: Type.Union([Type.Literal('cli'), Type.Literal('github_action'), Type.Literal('dashboard'), Type.Literal('api')]),
    clientChannel: Type.Optional(Type.String()),
    clientVersion: Type.Optional(Type.String()),
    batchId: Type.Optional(uuid()),
    reason: Type.Optional(Type.String()),
    address: Type.Object({ subject: uuid(), box: Type.String({ minLength: 1 }) }, exact),
    awaitResult: Type.Optional(Type.Boolean()),
    requestedAt: instant(),
  },
  exact,
);

const SigningCompleted = Type.Object(
  {
    operationId: uuid(),
    signedAt: instant(),
    timestamp: second(),
    certificateSerial: Type.String({ pattern: '^[0-9a-f]+$' }),
    certificateSha256: sha256(),
    pkcs7Sha256: sha256(),
  },
  exact,
);

const SigningFailed = Type.Object({ operationId: uuid(), code: Type.String({ minLength: 1 }), failedAt: instant() }, exact);

const SigningResultReported = Type.Object(
  {
    operationId: uuid(),
    result: Type.Union([Type.Literal('completed'), Type.Literal('embed_failed')]),
    error: Type.Optional(Type.String({ minLength: 1 })),
    actorUserId: uuid(),
    by: signedBy(),
    reportedAt: instant(),
  },
  exact,
);

const SigningTimedOut = Type.Object({ operationId: uuid(), timedOutAt: instant() }, exact);
const SigningAbandoned = Type.Object({ operationId: uuid(), abandonedAt: instant() }, exact);

const CertificateWithdrawn = Type.Object({ operationId: uuid(), certificateSerial: Type.String({ pattern: '^[0-9a-f]+$' }), withdrawnAt: instant() }, exact);

const SigningReserved = Type.Object({ operationId: uuid(), reservedAt: instant() }, exact);
const QuotaVolumeClosed = Type.Object({ used: Type.Integer({ minimum: 0 }) }, exact);
const QuotaVolumeOpened = Type.Object({ used: Type.Integer({ minimum: 0 }), open: Type.Array(uuid()) }, exact);
const settledReservation = () => Type.Object({ operationId: uuid() }, exact);

const SigningOperationsExported = Type.Object(
  {
    actorUserId: uuid(),
    by: signedBy(),
    filters: Type.Object(
      {
        status: Type.Optional(Type.String()),
        source: Type.Optional(Type.String()),
        batchId: Type.Optional(uuid()),
        actorUserId: Type.Optional(uuid()),
        from: Type.Optional(instant()),
        to: Type.Optional(instant()),
      },
      exact,
    ),
    exportedAt: instant(),
  },
  exact,
);

export const signingEvents = defineEvents<SigningStreamEvent | SigningQuotaEvent | Exported>('signing', {
  SigningRequested: v1(SigningRequested),
  SigningCompleted: v1(SigningCompleted),
  SigningFailed: v1(SigningFailed),
  SigningResultReported: v1(SigningResultReported),
  SigningTimedOut: v1(SigningTimedOut),
  SigningAbandoned: v1(SigningAbandoned),
  CertificateWithdrawn: v1(CertificateWithdrawn),
  SigningReserved: v1(SigningReserved),
  SigningSpent: v1(settledReservation()),
  SigningReleased: v1(settledReservation()),
  QuotaVolumeClosed: v1(QuotaVolumeClosed),
  QuotaVolumeOpened: v1(QuotaVolumeOpened),
  SigningOperationsExported: v1(SigningOperationsExported),
});
