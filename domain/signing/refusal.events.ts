/** What was not signed, and by what. NOTE: a storage contract: never edit a version, add one. */
import type { Message } from '../kernel/decider.ts';
import type { Sealed } from '../kernel/sealed.ts';
import type { SignedBy, SigningSource } from './operation.events.ts';

/** A rule, the plan or the queue has stopped a request: no operation began. It holds every fact that a rule could ask for. */
export type SigningRefused = Message<
  'SigningRefused',
  {
    /** The operation that would have begun. */
    attemptId: string;
    /** The rejection code. */
    code: string;
    actorUserId: string;
    by: SignedBy;
    secondFactor: boolean;
    /** SHA-256 Authenticode digest, base64. */
    digest: string;
    fileName: string;
    /** Bytes. */
    fileSize: number;
    source: SigningSource;
    /** As the client said it. */
    clientChannel?: string;
    clientVersion?: string;
    batchId?: string;
    reason?: string;
    /** Somebody has approved it, and yet it was stopped. */
    approved?: true;
    /** The client's address, under the actor's key. */
    address: Sealed;
    /** UTC, ISO 8601 with milliseconds. */
    refusedAt: string;
  }
>;
