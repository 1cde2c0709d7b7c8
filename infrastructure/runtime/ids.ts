import { randomUUIDv7 } from 'node:crypto';
import type { Ids } from '../../application/kernel/ports.ts';

/** UUIDv7 (RFC 9562): random, and close together in an index when made at about the same time. */
export const systemIds: Ids = { next: () => randomUUIDv7() };
