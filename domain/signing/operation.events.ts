/**
 * What is stored about a signing operation. NOTE: a storage contract: never edit a version, add one.
 *
 * Times are UTC in ISO 8601 with milliseconds unless said otherwise; hashes are lower-case hex.
 */
import type { Message } from '../kernel/decider.ts';
import type { Sealed } from '../kernel/sealed.ts';
import type { FileKind } from './file-kind.ts';

/** Where a request came from, in the server's view. */
export type SigningSource = 'cli' | 'github_action' | 'dashboard' | 'api';

/** What let the actor in: a session of their own, or a credential that acts for them. */
export type SignedBy = Readonly<{ kind: 'session' | 'credential'; id: string }>;

/** The intent: durable before the signature exists. It holds every fact that a signing rule could ask for. */
export type SigningRequested = Message<
  'SigningRequested',
  {
    operationId: string;
    actorUserId: string;
    by: SignedBy;
    secondFactor: boolean;
    /** SHA-256 Authenticode digest, base64. */
    digest: string;
    algorithm: 'sha256';
    fileName: string;
    /** Bytes. */
    fileSize: number;
    fileKind: FileKind;
    source: SigningSource;
    /** As the client said it. */
    clientChannel?: string;
    clientVersion?: string;
    batchId?: string;
    reason?: string;
    /** The client's address, under the actor's key. */
    address: Sealed;
    /** The client promised to report what became of the embedding. */
    awaitResult?: boolean;
    requestedAt: string;
  }
>;

/** The signature exists, and is answered only after this is durable. */
export type SigningCompleted = Message<
  'SigningCompleted',
  {
    operationId: string;
    signedAt: string;
    /** The timestamp authority's genTime, whole seconds. */
    timestamp: string;
    /** Of the leaf certificate. */
    certificateSerial: string;
    /** Of the leaf's DER. */
    certificateSha256: string;
    /** Of the whole PKCS#7's DER. */
    pkcs7Sha256: string;
  }
>;

/** No signature was made; `code` is the rejection code that says why. */
export type SigningFailed = Message<'SigningFailed', { operationId: string; code: string; failedAt: string }>;

/** The client has embedded the signature into the file, or could not; `error` in its own words. */
export type SigningResultReported = Message<
  'SigningResultReported',
  { operationId: string; result: 'completed' | 'embed_failed'; error?: string; actorUserId: string; by: SignedBy; reportedAt: string }
>;

/** Pending for too long: no signature of it will be answered any more. Also the first event of an operation that must not begin. */
export type SigningTimedOut = Message<'SigningTimedOut', { operationId: string; timedOutAt: string }>;

/** The report that was promised did not come. */
export type SigningAbandoned = Message<'SigningAbandoned', { operationId: string; abandonedAt: string }>;

/**
 * A certificate was revoked while the operation was pending: no signature made with it completes this operation any more, one made with
 * another may. `certificateSerial`: lower-case hex.
 */
export type CertificateWithdrawn = Message<'CertificateWithdrawn', { operationId: string; certificateSerial: string; withdrawnAt: string }>;

/** What becomes of an operation. */
export type SigningOperationEvent =
  | SigningRequested
  | SigningCompleted
  | SigningFailed
  | SigningResultReported
  | SigningTimedOut
  | SigningAbandoned;

/** Everything that stands in its stream. */
export type SigningStreamEvent = SigningOperationEvent | CertificateWithdrawn;
