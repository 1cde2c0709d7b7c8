/** What an account does with its licences: generates, validates and revokes them, and asks how many it has generated. */
import type { TenantId } from '../../domain/kernel/ids.ts';
import type { Cause } from '../kernel/ports.ts';
import type { CredentialPrincipal, TenantView } from '../tenancy/access.ts';

/** Times are UTC, ISO 8601 with milliseconds. */
export type Licence = Readonly<{
  /** From 1, in the order in which the account generated them; no number is left out. */
  number: number;
  /** `QCOS-` and eight groups of four upper-case hexadecimal digits. */
  licenceKey: string;
  /** undefined: the end customer was erased; metadata and signature are gone with them, and the reason of a revocation. */
  endCustomerId: string | undefined;
  features: readonly string[];
  metadata: Readonly<Record<string, unknown>> | null;
  /** Lower-case hexadecimal SHA3-256. */
  quantumSignature: string | undefined;
  /** Between 0 and 1. */
  fidelity: number;
  generatedAt: string;
  validUntil: string;
  revokedAt: string | null;
  revokedReason: string | null;
}>;

export type LicenceStatus = 'active' | 'expired' | 'revoked';

/** Revoked goes before expired; `now` in milliseconds since 1970. A licence has ended at the very moment of `validUntil`. */
export const statusOf = ({ revokedAt, validUntil }: Pick<Licence, 'revokedAt' | 'validUntil'>, now: number): LicenceStatus => {
  if (revokedAt !== null) return 'revoked';
  return Date.parse(validUntil) <= now ? 'expired' : 'active';
};

/** `not_found` also stands for another end customer, and for one who was erased. The first that applies, in this order. */
export type Verdict = 'not_found' | 'signature_mismatch' | 'revoked' | 'expired' | 'valid';

/** What is asked for; the caller has checked lengths and limits. */
export type WantedLicence = Readonly<{
  /** The same id again is the same licence. */
  commandId: string;
  endCustomerId: string;
  features: readonly string[];
  validDays: number;
  metadata: Readonly<Record<string, unknown>> | null;
}>;

/** `month`: UTC, `2026-11`. `generated` in it, `sold` ever; `limit` in a month, on the plan that counts now. */
export type LicenceUsage = Readonly<{ month: string; generated: number; plan: string; limit: number; sold: number }>;

/** Licence keys are given in upper case. Whoever has no part in a licence is told that there is none. */
export interface Licences {
  /** Rejects with `licensing.quota_exceeded` {limit, retryAfter: seconds to the next UTC month}. */
  generate(principal: CredentialPrincipal, wanted: WantedLicence, cause: Cause): Promise<Licence>;
  /** The validation is recorded before the answer. */
  validate(
    principal: CredentialPrincipal,
    asked: Readonly<{ licenceKey: string; endCustomerId: string }>,
    cause: Cause,
  ): Promise<Readonly<{ verdict: Verdict }>>;
  /** Rejects with `licensing.licence_not_found`, and with `licensing.licence_revoked` the second time. */
  revoke(principal: CredentialPrincipal, licenceKey: string, reason: string | undefined, cause: Cause): Promise<Readonly<{ revokedAt: string }>>;
  /**
   * The moment (milliseconds since 1970) from which the next list goes on when one is read now: no revocation that bears an earlier time is still on its
   * way to the record, here or, as far as can be known, in another process.
   */
  revoked(tenant: TenantId): Promise<number>;
  usage(tenant: TenantView): Promise<LicenceUsage>;
}
