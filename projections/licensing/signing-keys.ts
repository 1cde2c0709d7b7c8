/** The keys that sign an account's offline licences: the list that its administrators see. */
import { licencePublicKey, type LicencePublicKey } from '../../domain/licensing/signing-keys.ts';
import type { LicenceSigningKeyAdded } from '../../domain/licensing/signing-keys.events.ts';
import { defineProjection } from '../kernel/projection.ts';

/** `position`: the newest of an algorithm signs, by its place in the log: clocks may be set back. */
export type LicenceSigningKeyDocument = LicencePublicKey & Readonly<{ position: string }>;

export const licensingSigningKeys = defineProjection<LicenceSigningKeyDocument, LicenceSigningKeyAdded>({
  name: 'licensing_signing_keys',
  version: 1,
  indexes: [['position']],
  id: ({ data }) => data.kid,
  on: {
    LicenceSigningKeyAdded: (document, { data, position }) => document ?? { ...licencePublicKey(data), position },
  },
});
