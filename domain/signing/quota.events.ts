/**
 * How a period's signings were taken. NOTE: a storage contract: never edit a version, add one.
 *
 * A period is kept in volumes, one stream each, so that what has to be folded stays short however much is signed.
 */
import type { Message } from '../kernel/decider.ts';

/** One signing of the period is taken for an operation that is about to begin. `reservedAt`: UTC, ISO 8601 with milliseconds. */
export type SigningReserved = Message<'SigningReserved', { operationId: string; reservedAt: string }>;
/** There is a signature: the reservation is final. */
export type SigningSpent = Message<'SigningSpent', { operationId: string }>;
/** There is none and there will be none: it is given back. */
export type SigningReleased = Message<'SigningReleased', { operationId: string }>;

/** The volume is full; `used` so far in the period. */
export type QuotaVolumeClosed = Message<'QuotaVolumeClosed', { used: number }>;
/** The next volume begins with what the one before ended with: `open` are the operations whose reservations are not settled. */
export type QuotaVolumeOpened = Message<'QuotaVolumeOpened', { used: number; open: readonly string[] }>;

export type SigningQuotaEvent = SigningReserved | SigningSpent | SigningReleased | QuotaVolumeClosed | QuotaVolumeOpened;
