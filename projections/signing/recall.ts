/** Which operations were made with a certificate or a credential, or by a person. */
import type { EventLog } from '../../application/kernel/ports.ts';
import type { Page, Query } from '../../application/kernel/read-models.ts';
import type { Position, TenantId } from '../../domain/kernel/ids.ts';
import type { SigningOperationEvent, SigningSource } from '../../domain/signing/operation.events.ts';
import type { OperationStatus } from '../../domain/signing/operation.ts';
import { serialNumber } from '../../domain/signing/serial-number.ts';
import type { Freshness } from '../kernel/freshness.ts';
import { defineProjection } from '../kernel/projection.ts';
import type { Reader } from '../kernel/reader.ts';

export type RecalledOperation = Readonly<{
  id: string;
  status: OperationStatus;
  awaitsResult: boolean;
  actorUserId: string;
  /** Null: in a session. */
  credentialId: string | null;
  source: SigningSource;
  fileName: string;
  /** Bytes. */
  fileSize: number;
  /** The submitted digest, base64. */
  fileHash: string;
  batchId: string | null;
  /**
   * Lower-case hex; null while it is not known to have been signed. A signature leaves the program only after this is durable, so
   * whoever holds one finds it here.
   */
  certificateSerial: string | null;
  /** The serial as a number, without leading zeros: by this it is found. */
  certificateNumber: string | null;
  certificateSha256: string | null;
  /** Of the PKCS#7, lower-case hex: by this a signature is recognised. */
  pkcs7Sha256: string | null;
  /** UTC, ISO 8601 with milliseconds. */
  signedAt: string | null;
  createdAt: string;
}>;

const QUESTIONS = ['certificateNumber', 'certificateSha256', 'credentialId', 'actorUserId'] as const;

export const signingRecall = defineProjection<RecalledOperation, SigningOperationEvent>({
  name: 'signing_recall',
  version: 3,
  indexes: QUESTIONS.map((field) => [field, 'createdAt']),
  totalsByDay: 'createdAt',
  id: ({ data }) => data.operationId,
  on: {
    SigningRequested: (document, { data }) =>
      document ?? {
        id: data.operationId,
        status: 'pending',
        awaitsResult: data.awaitResult ?? false,
        actorUserId: data.actorUserId,
        credentialId: data.by.kind === 'credential' ? data.by.id : null,
        source: data.source,
        fileName: data.fileName,
        fileSize: data.fileSize,
        fileHash: data.digest,
        batchId: data.batchId ?? null,
        certificateSerial: null,
        certificateNumber: null,
        certificateSha256: null,
        pkcs7Sha256: null,
        signedAt: null,
        createdAt: data.requestedAt,
      },
    SigningCompleted: (document, { data: { certificateSerial, certificateSha256, pkcs7Sha256, signedAt } }) =>
      document && {
        ...document,
        certificateSerial,
        certificateNumber: serialNumber(certificateSerial),
        certificateSha256,
        pkcs7Sha256,
        signedAt,
        status: document.awaitsResult ? 'signed' : 'completed',
      },
    SigningFailed: (document) => document && { ...document, status: 'failed' },
    SigningResultReported: (document, { data }) => document && { ...document, status: data.result },
    SigningTimedOut: (document) => document && { ...document, status: 'timeout' },
    SigningAbandoned: (document) => document && { ...document, status: 'abandoned' },
  },
});

export type RecallQuestion = Readonly<{
  by: (typeof QUESTIONS)[number];
  value: string;
  /** When it was asked for, inclusive: UTC, ISO 8601 with milliseconds. */
  from?: string;
  to?: string;
}>;

export type RecallAnswer = Readonly<{
  page: Page<RecalledOperation>;
  /** Every event up to here is in the answer; undefined while the log is empty. */
  toPosition: Position | undefined;
}>;

/** Oldest first, one page. Rejects with `storage.behind` when the model does not reach the log's head of this moment in time. */
export type Recall = (tenant: TenantId, question: RecallQuestion, page: Readonly<{ limit: number; after?: string }>) => Promise<RecallAnswer>;

type Deps = Readonly<{ log: Pick<EventLog, 'head'>; freshness: Pick<Freshness, 'until'>; reader: Pick<Reader, 'open'> }>;

const whereOf = ({ by, value, from, to }: RecallQuestion): NonNullable<Query<RecalledOperation>['where']> => ({
  [by]: value,
  ...((from ?? to) !== undefined && { createdAt: { ...(from !== undefined && { gte: from }), ...(to !== undefined && { lte: to }) } }),
});

export const createRecall =
  ({ log, freshness, reader }: Deps): Recall =>
  async (tenant, question, page) => {
    const toPosition = await log.head();
    if (toPosition !== undefined) await freshness.until(signingRecall.name, toPosition);
    const model = await reader.open<RecalledOperation>(tenant, signingRecall);
    return { page: await model.page({ where: whereOf(question), order: { by: 'createdAt', direction: 'asc' }, total: true, ...page }), toPosition };
  };
