/** What a writer and its thread say to each other. Answers come in the order of the operations, so they need no numbers. */
import type { RejectionDetails } from '../../domain/kernel/rejection.ts';

export type Answer =
  | Readonly<{ ok: unknown }>
  | Readonly<{ rejected: string; details: RejectionDetails }>
  | Readonly<{ failed: string }>;

export type ToThread = Readonly<{ operations: readonly unknown[] }> | Readonly<{ close: true }>;

export type FromThread =
  | Readonly<{ ready: true }>
  | Readonly<{ answers: readonly Answer[] }>
  /** Nothing of what is in flight was stored for certain, and nothing more will be. */
  | Readonly<{ fatal: string }>
  | Readonly<{ closed: true }>;

/** Seconds after which a client may try again when nothing can be stored. */
export const RETRY_AFTER = 5;
