/** NOTE: a storage contract. Add fields, never change or reuse one; a new meaning is a new event. */
import type { Message } from '../kernel/decider.ts';
import type { Sealed } from '../kernel/sealed.ts';

/** The hash (a PHC string) stands sealed under the key of the person. */
export type PasswordSet = Message<'PasswordSet', { passwordHash: Sealed }>;

export type AccountEvent = PasswordSet;
