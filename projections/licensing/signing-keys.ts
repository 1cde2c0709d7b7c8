/** The keys that sign an account's offline licences: the list that its administrators see. */
import type { LicenceSigningAlgorithm, LicenceSigningKeyAdded } from '../../domain/licensing/signing-keys.events.ts';
import { defineProjection } from '../kernel/projection.ts';

export type LicenceSigningKeyDocument = Readonly<{
  algorithm: LicenceSigningAlgorithm;
  kid: string;
  /** Raw, base64url. */
  publicKey: string;
  /** UTC, ISO 8601 with milliseconds. */
  addedAt: string;
  /** The newest of an algorithm signs, by its place in the log: clocks may be set back. */
  position: string;
}>;

export const licensingSigningKeys = defineProjection<LicenceSigningKeyDocument, LicenceSigningKeyAdded>({
  name: 'licensing_signing_keys',
  version: 1,
  indexes: [['position']],
  id: ({ data }) => data.kid,
  on: {
    LicenceSigningKeyAdded: (document, { data: { algorithm, kid, publicKey, addedAt }, position }) =>
      document ?? { algorithm, kid, publicKey, addedAt, position },
  },
});
