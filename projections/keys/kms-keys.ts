/** The KMS keys of a tenant: the list that its administrators see. */
import { keyReference } from '../../application/keys/kms-keys.ts';
import type { KmsKeyEvent } from '../../domain/keys/kms-key.events.ts';
import { newKmsListing, versionsAfter, type KmsKeyListing, type ListedKmsEvent } from '../../domain/keys/kms-key-listing.ts';
import { defineProjection } from '../kernel/projection.ts';

/** `reference`: what tells it from the tenant's other keys. */
export type KmsKeyDocument = KmsKeyListing & Readonly<{ reference: string }>;

const after = (document: KmsKeyDocument | undefined, event: ListedKmsEvent): KmsKeyDocument | undefined =>
  document && { ...document, versions: versionsAfter(document.versions, event) };

export const kmsKeysProjection = defineProjection<KmsKeyDocument, KmsKeyEvent>({
  name: 'keys_kms_keys',
  version: 1,
  indexes: [['createdAt'], ['keyId', 'algorithm']],
  id: ({ data }) => keyReference(data),
  on: {
    KmsKeyCreated: (document, { data }) => document ?? { reference: keyReference(data), ...newKmsListing(data) },
    KmsKeyRotated: after,
    KmsKeyVersionRetired: after,
  },
});
