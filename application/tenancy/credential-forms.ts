/** How the credentials of each surface look and what they may be given: one row for each form that is served. */
import type { SurfaceName } from '../../domain/tenancy/terms.ts';

export type CredentialForm = Readonly<{
  kind: string;
  /** What every secret of this form starts with. */
  prefix: string;
  /** How much of the random part is shown afterwards. */
  shown: number;
  permissions: readonly string[];
  /** What it may do when nothing is asked for. */
  granted: readonly string[];
  /** Absent: good until it is revoked. */
  defaultMonths?: number;
  /** Absent: any moment in the future. */
  maximumMonths?: number;
  /** It may be bound to some of the keys. */
  bindsKeys?: boolean;
}>;

/** The first form of a surface is the one meant when no kind is named. */
export const CREDENTIAL_FORMS: Readonly<Partial<Record<SurfaceName, readonly CredentialForm[]>>> = {
  'qwick-cert': [
    {
      kind: 'api-key',
      prefix: 'qwick_ak_',
      shown: 4,
      permissions: ['sign', 'read_audit'],
      granted: ['sign'],
      defaultMonths: 6,
      maximumMonths: 24,
    },
  ],
  'quantum-lock': [
    // Neither life times nor permissions are in the document: a form stands for all that its routes offer.
    { kind: 'api-key', prefix: 'qlk_', shown: 4, permissions: ['licences'], granted: ['licences'] },
    { kind: 'service', prefix: 'svc_', shown: 4, permissions: ['kms'], granted: ['kms'], bindsKeys: true },
  ],
};

/** Midnight UTC of the day that many months later; the last day of the month when there is no such day. */
export const monthsLater = (now: number, months: number): number => {
  const today = new Date(now);
  const month = today.getUTCMonth() + months;
  const lastDay = new Date(Date.UTC(today.getUTCFullYear(), month + 1, 0)).getUTCDate();
  return Date.UTC(today.getUTCFullYear(), month, Math.min(today.getUTCDate(), lastDay));
};
