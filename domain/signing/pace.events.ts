/** A person's signings while a limit of theirs is in force. NOTE: a storage contract: never edit a version, add one. */
import type { Message } from '../kernel/decider.ts';

/** One signing, or one that is under way. `at`: UTC, ISO 8601 with milliseconds. */
export type Paced = Readonly<{ operationId: string; at: string }>;

/**
 * The first of a stream, and once more under each `revision` of the policy: the limit from here on, and the signings that were in its
 * window before, beside those that the stream holds. Without `revision`: before any.
 */
export type PaceOpened = Message<'PaceOpened', { revision?: number; count: number; windowSeconds: number; signings: readonly Paced[] }>;
/** One of the window's places is taken for an operation that is about to begin. */
export type PaceTaken = Message<'PaceTaken', Paced>;
/** It is given back: there is no signature. */
export type PaceReturned = Message<'PaceReturned', { operationId: string }>;
/** Nothing follows; the next day's stream goes on from here. `closedAt`: UTC, ISO 8601 with milliseconds. */
export type PaceClosed = Message<'PaceClosed', { closedAt: string }>;

export type PaceEvent = PaceOpened | PaceTaken | PaceReturned | PaceClosed;
