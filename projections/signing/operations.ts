/** One tenant's signing operations: the list with its filters, one by id, and the whole as an export. */
import type { SigningOperationEvent, SigningSource } from '../../domain/signing/operation.events.ts';
import type { OperationStatus } from '../../domain/signing/operation.ts';
import { defineProjection } from '../kernel/projection.ts';

export type OperationDocument = Readonly<{
  id: string;
  actorUserId: string;
  fileName: string;
  /** Bytes. */
  fileSize: number;
  /** The submitted digest, base64. */
  fileHash: string;
  digestAlgorithm: string;
  status: OperationStatus;
  /** The client promised to report what became of the embedding. */
  awaitsResult: boolean;
  /** Why it could not be embedded, in the client's words; absent when none were given. */
  resultError?: string;
  source: SigningSource;
  clientChannel: string | null;
  clientVersion: string | null;
  batchId: string | null;
  /** UTC, ISO 8601 with milliseconds: they order as text. */
  signedAt: string | null;
  createdAt: string;
}>;

/** The equality filters that halve a list at best; a batch is small, so it needs no company. */
const FILTERS = ['actorUserId', 'source', 'status'] as const;

/** Every combination of the filters, newest first within it, so that a page costs the same whatever is asked. */
const combinations = FILTERS.reduce<readonly (readonly string[])[]>(
  (subsets, filter) => [...subsets, ...subsets.map((subset) => [...subset, filter])],
  [[]],
);

export const signingOperations = defineProjection<OperationDocument, SigningOperationEvent>({
  name: 'signing_operations',
  version: 4,
  indexes: [...combinations, ['batchId']].map((fields) => [...fields, 'createdAt']),
  totalsByDay: 'createdAt',
  id: (recorded) => recorded.data.operationId,
  on: {
    SigningRequested: (document, { data }) =>
      document ?? {
        id: data.operationId,
        actorUserId: data.actorUserId,
        fileName: data.fileName,
        fileSize: data.fileSize,
        fileHash: data.digest,
        digestAlgorithm: data.algorithm,
        status: 'pending',
        awaitsResult: data.awaitResult ?? false,
        source: data.source,
        clientChannel: data.clientChannel ?? null,
        clientVersion: data.clientVersion ?? null,
        batchId: data.batchId ?? null,
        signedAt: null,
        createdAt: data.requestedAt,
      },
    SigningCompleted: (document, { data }) =>
      document && { ...document, status: document.awaitsResult ? 'signed' : 'completed', signedAt: data.signedAt },
    SigningFailed: (document) => document && { ...document, status: 'failed' },
    SigningResultReported: (document, { data: { result, error } }) => document && { ...document, status: result, ...(error !== undefined && { resultError: error }) },
    SigningTimedOut: (document) => document && { ...document, status: 'timeout' },
    SigningAbandoned: (document) => document && { ...document, status: 'abandoned' },
  },
});
