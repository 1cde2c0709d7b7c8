/** What is told of signing operations. Reasons and errors in people's own words are not: they may name somebody. */
import type { SigningOperationsExported } from '../../../domain/signing/export.events.ts';
import type { SigningStreamEvent } from '../../../domain/signing/operation.events.ts';
import type { SigningQuotaEvent } from '../../../domain/signing/quota.events.ts';
import { inside, told, type PublicRows } from '../public-row.ts';
import { flag, hex, instant, nullable, shape, signedBy, text, uuid, word } from '../shapes.ts';
import { digest, fileName, fileSize, operationId, source } from './signing-shapes.ts';

const operation = (data: Readonly<{ operationId: string }>): string => data.operationId;
const QUOTA = 'Book-keeping of the period\'s signings; what became of the operation is told.';

const filters = shape(
  {
    status: nullable(text('A status'), 'Only operations with this status'),
    source: nullable(text('A source'), 'Only operations from there'),
    batch_id: nullable(uuid('A batch'), 'Only operations of this batch'),
    actor_user_id: nullable(uuid('A person'), 'Only operations of this person'),
    from: nullable(instant('Begin'), 'Not before; inclusive'),
    to: nullable(instant('End'), 'Not after; inclusive'),
  },
  'What was asked for; null did not narrow it',
);

export const signingRows: PublicRows<SigningStreamEvent | SigningQuotaEvent | SigningOperationsExported> = {
  SigningRequested: told({
    type: 'chancery.signing.operation.requested',
    summary: 'A signature is about to be made.',
    schema: shape({
      operation_id: operationId(),
      actor_user_id: uuid('The person who signs'),
      by: signedBy(),
      second_factor: flag('Whether they came with a second factor'),
      digest: digest(),
      file_name: fileName(),
      file_size: fileSize(),
      file_kind: word(['pe', 'msi', 'powershell', 'cab'], 'The form of the file'),
      source: source(),
      batch_id: nullable(uuid('The batch'), 'The batch it belongs to'),
      await_result: flag('Whether the client promised to report what became of the embedding'),
      requested_at: instant('When'),
    }),
    subject: operation,
    data: (data) => ({
      operation_id: data.operationId,
      actor_user_id: data.actorUserId,
      by: { kind: data.by.kind, id: data.by.id },
      second_factor: data.secondFactor,
      digest: data.digest,
      file_name: data.fileName,
      file_size: data.fileSize,
      file_kind: data.fileKind,
      source: data.source,
      batch_id: data.batchId ?? null,
      await_result: data.awaitResult === true,
      requested_at: data.requestedAt,
    }),
  }),
  SigningCompleted: told({
    type: 'chancery.signing.operation.completed',
    summary: 'A signature was made.',
    schema: shape({
      operation_id: operationId(),
      signed_at: instant('When'),
      timestamp: instant('What the timestamp authority says, in whole seconds'),
      certificate_serial: hex('Serial number of the certificate'),
      certificate_sha256: hex('SHA-256 of the certificate\'s DER'),
      pkcs7_sha256: hex('SHA-256 of the PKCS#7\'s DER'),
    }),
    subject: operation,
    data: (data) => ({
      operation_id: data.operationId,
      signed_at: data.signedAt,
      timestamp: data.timestamp,
      certificate_serial: data.certificateSerial,
      certificate_sha256: data.certificateSha256,
      pkcs7_sha256: data.pkcs7Sha256,
    }),
  }),
  SigningFailed: told({
    type: 'chancery.signing.operation.failed',
    summary: 'No signature was made.',
    schema: shape({ operation_id: operationId(), code: text('Why, by its code'), failed_at: instant('When') }),
    subject: operation,
    data: (data) => ({ operation_id: data.operationId, code: data.code, failed_at: data.failedAt }),
  }),
  SigningResultReported: told({
    type: 'chancery.signing.result.reported',
    summary: 'The client says what became of the signature: embedded into the file, or not.',
    schema: shape({
      operation_id: operationId(),
      result: word(['completed', 'embed_failed'], 'What became of it'),
      actor_user_id: uuid('The person who reports'),
      by: signedBy(),
      reported_at: instant('When'),
    }),
    subject: operation,
    data: (data) => ({
      operation_id: data.operationId,
      result: data.result,
      actor_user_id: data.actorUserId,
      by: { kind: data.by.kind, id: data.by.id },
      reported_at: data.reportedAt,
    }),
  }),
  SigningTimedOut: told({
    type: 'chancery.signing.operation.timed_out',
    summary: 'An operation was pending for too long; no signature of it is answered any more.',
    schema: shape({ operation_id: operationId(), timed_out_at: instant('When') }),
    subject: operation,
    data: (data) => ({ operation_id: data.operationId, timed_out_at: data.timedOutAt }),
  }),
  SigningAbandoned: told({
    type: 'chancery.signing.operation.abandoned',
    summary: 'The report that the client had promised did not come.',
    schema: shape({ operation_id: operationId(), abandoned_at: instant('When') }),
    subject: operation,
    data: (data) => ({ operation_id: data.operationId, abandoned_at: data.abandonedAt }),
  }),
  CertificateWithdrawn: told({
    type: 'chancery.signing.certificate.withdrawn',
    summary: 'A certificate was revoked while an operation was pending: it is not completed with that certificate.',
    schema: shape({ operation_id: operationId(), certificate_serial: hex('Serial number of the certificate'), withdrawn_at: instant('When') }),
    subject: operation,
    data: (data) => ({ operation_id: data.operationId, certificate_serial: data.certificateSerial, withdrawn_at: data.withdrawnAt }),
  }),
  SigningReserved: inside(QUOTA),
  SigningSpent: inside(QUOTA),
  SigningReleased: inside(QUOTA),
  QuotaVolumeClosed: inside(QUOTA),
  QuotaVolumeOpened: inside(QUOTA),
  SigningOperationsExported: told({
    type: 'chancery.signing.operations.exported',
    summary: 'Somebody took the list of operations away as a file.',
    schema: shape({ actor_user_id: uuid('Who'), by: signedBy(), filters, exported_at: instant('When') }),
    subject: (data) => data.actorUserId,
    data: ({ actorUserId, by, filters: { status = null, source: from = null, batchId = null, ...range }, exportedAt }) => ({
      actor_user_id: actorUserId,
      by: { kind: by.kind, id: by.id },
      filters: { status, source: from, batch_id: batchId, actor_user_id: range.actorUserId ?? null, from: range.from ?? null, to: range.to ?? null },
      exported_at: exportedAt,
    }),
  }),
};

