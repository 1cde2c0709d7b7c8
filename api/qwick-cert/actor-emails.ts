/** Addresses of the people behind operations, opened when an answer is written. */
import type { TenantId } from '../../domain/kernel/ids.ts';

/** Undefined once the person has been erased. */
export type MemberEmail = (tenant: TenantId, userId: string) => Promise<string | undefined>;

/** An export may name any number of people, and holds only so many at a time. */
const REMEMBERED = 1_000;

/** Asks once for each person, for as long as one answer is being written: null for an erased one. */
export const createActorEmails = (memberEmail: MemberEmail, tenant: TenantId): ((userId: string) => Promise<string | null>) => {
  const known = new Map<string, string | null>();
  return async (userId) => {
    const before = known.get(userId);
    if (before !== undefined) return before;
    const email = (await memberEmail(tenant, userId)) ?? null;
    if (known.size >= REMEMBERED) known.clear();
    known.set(userId, email);
    return email;
  };
};
