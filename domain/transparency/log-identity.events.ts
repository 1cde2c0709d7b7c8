/** NOTE: a storage contract. Change by addition; never edit what has been stored. */
import type { Message } from '../kernel/decider.ts';

/** The log got its name: the first part of every checkpoint's origin, for good. */
export type LogOriginFixed = Message<'LogOriginFixed', { installationId: string; origin: string }>;

export type LogIdentityEvent = LogOriginFixed;
