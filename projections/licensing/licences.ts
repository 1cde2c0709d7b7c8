/** One account's licences: the list with its filters, and one by its key. */
import type { GeneratedLicence } from '../../application/licensing/ports.ts';
import type { LicenceGenerated, LicenceRevoked } from '../../domain/licensing/licence.events.ts';
import type { Sealed } from '../../domain/kernel/sealed.ts';
import { defineProjection } from '../kernel/projection.ts';

export type LicenceDocument = GeneratedLicence & Readonly<{ revoked: boolean; revokedAt: string | null; reason: Sealed | null }>;

export const licensingLicences = defineProjection<LicenceDocument, LicenceGenerated | LicenceRevoked>({
  name: 'licensing_licences',
  version: 1,
  indexes: [['number'], ['revoked', 'validUntil'], ['revoked', 'revokedAt']],
  totalsByDay: 'validUntil',
  id: ({ data }) => data.licenceKey,
  on: {
    LicenceGenerated: (document, { data }) => document ?? { ...data, revoked: false, revokedAt: null, reason: null },
    LicenceRevoked: (document, { data }) => document && { ...document, revoked: true, revokedAt: data.revokedAt, reason: data.reason ?? null },
  },
});
