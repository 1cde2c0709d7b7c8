/** The KMS keys of a tenant: the list that its administrators see. */
import type { SignatureAlgorithm } from '../../domain/keys/algorithms.ts';
import type { KmsKeyEvent, KmsKeyVersion } from '../../domain/keys/kms-key.events.ts';
import { keyReference } from '../../application/keys/kms-keys.ts';
import { defineProjection } from '../kernel/projection.ts';

type VersionDocument = Readonly<{
  version: number;
  kid: string;
  origin: KmsKeyVersion['origin'];
  /** Whether its private key is here. */
  signs: boolean;
  /** UTC, ISO 8601 with milliseconds, as all times. */
  createdAt: string;
  retiredAt: string | null;
}>;

export type KmsKeyDocument = Readonly<{
  /** What tells it from the tenant's other keys. */
  reference: string;
  keyId: string;
  algorithm: SignatureAlgorithm;
  /** The service whose own default it is; null: every service of the tenant may use it. */
  service: string | null;
  createdAt: string;
  /** Newest first. */
  versions: readonly VersionDocument[];
}>;

const versionOf = ({ version, kid, origin, seed }: KmsKeyVersion, createdAt: string): VersionDocument => ({
  version, kid, origin, signs: seed !== null, createdAt, retiredAt: null,
});

export const kmsKeysProjection = defineProjection<KmsKeyDocument, KmsKeyEvent>({
  name: 'keys_kms_keys',
  version: 1,
  indexes: [['createdAt'], ['keyId', 'algorithm']],
  id: ({ data }) => keyReference(data),
  on: {
    KmsKeyCreated: (document, { data }) => {
      const { keyId, algorithm, service, createdAt } = data;
      return document ?? { reference: keyReference(data), keyId, algorithm, service, createdAt, versions: [versionOf(data, createdAt)] };
    },
    KmsKeyRotated: (document, { data }) =>
      document && { ...document, versions: [versionOf(data, data.rotatedAt), ...document.versions.filter(({ version }) => version !== data.version)] },
    KmsKeyVersionRetired: (document, { data: { version, retiredAt } }) =>
      document && { ...document, versions: document.versions.map((known) => (known.version === version ? { ...known, retiredAt } : known)) },
  },
});
