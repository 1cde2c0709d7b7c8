/** NOTE: a storage contract. Add fields, never change or reuse one; a new meaning is a new event. */
import type { Message } from '../kernel/decider.ts';

export type SlugReserved = Message<'SlugReserved', { slug: string; tenantId: string }>;

export type SlugEvent = SlugReserved;
