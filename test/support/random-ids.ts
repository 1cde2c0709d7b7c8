import { randomUUIDv7 } from 'node:crypto';
import type { Ids } from '../../application/kernel/ports.ts';

/** Identifiers as the program makes them. */
export const randomIds: Ids = { next: () => randomUUIDv7() };
