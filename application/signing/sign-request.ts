/** What is asked for when a digest is to be signed, and what is answered. */
import type { FileKind } from '../../domain/signing/file-kind.ts';
import type { SigningSource } from '../../domain/signing/operation.events.ts';
import type { SignedDigest } from './ports.ts';

export type SignRequest = Readonly<{
  /** The operation this request asks for again when it is a retry, and begins otherwise. A UUID. */
  commandId: string;
  /** SHA-256 Authenticode digest, 32 bytes. */
  digest: Uint8Array;
  fileName: string;
  /** Bytes. */
  fileSize: number;
  /** Instead of what the file's name says. */
  fileKind?: FileKind;
  batchId?: string;
  reason?: string;
  clientChannel?: SigningSource;
  clientVersion?: string;
  /** The client will report what became of the embedding: until then the operation is `signed`. */
  awaitResult?: boolean;
  /** The client's IP address. */
  ip: string;
  /** Aborted when the client has gone: one that waits for a place makes room. */
  signal?: AbortSignal;
}>;

export type SignResult = Readonly<{
  operationId: string;
  signed: SignedDigest;
  /** UTC, ISO 8601 with milliseconds. */
  signedAt: string;
}>;
