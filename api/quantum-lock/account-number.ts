/** The integer that the document calls a customer's id. */
import type { TenantId } from '../../domain/kernel/ids.ts';

/** 41 bits of milliseconds from here last until 2089. */
const EPOCH = Date.UTC(2020, 0, 1);
const SALT = 4_096;

/**
 * Stable, and says nothing of an account but when it was made (UTC, ISO 8601): milliseconds since 2020, then the 12 bits of its UUID that
 * RFC 9562 calls rand_a. At most 53 bits, so every JSON reader holds it exactly.
 */
export const accountNumber = (tenant: TenantId, createdAt: string): number =>
  Math.max(0, Date.parse(createdAt) - EPOCH) * SALT + Number.parseInt(tenant.slice(15, 18), 16);
