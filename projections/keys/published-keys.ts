/**
 * The public keys of the installation that anybody may verify with: one document for each key that signs here, whoever's it is. No tenant
 * is named. Another kind of signing keys is published by another row of `on`.
 */
import { INSTALLATION } from '../../domain/kernel/ids.ts';
import { publicJwk, type NamedPublicKey, type PublicJwk } from '../../domain/keys/jwk.ts';
import type { KmsKeyCreated, KmsKeyRotated, KmsKeyEvent } from '../../domain/keys/kms-key.events.ts';
import type { LicenceSigningKeyAdded } from '../../domain/licensing/signing-keys.events.ts';
import type { Recorded } from '../../application/kernel/ports.ts';
import { defineProjection } from '../kernel/projection.ts';
import type { Reader } from '../kernel/reader.ts';

/** What the signatures of a key are for: a verifier takes no key for another purpose. */
export type KeyPurpose = 'kms' | 'licence';

export type PublishedKey = Readonly<{ jwk: PublicJwk & Readonly<{ purpose: KeyPurpose }> }>;

/** The document of a key. */
export const publishedKey = (key: NamedPublicKey, purpose: KeyPurpose): PublishedKey => ({ jwk: { ...publicJwk(key), purpose } });

/** A key whose private half is elsewhere signs nothing here, and is nothing that the installation could vouch for. */
const kmsKey = ({ data }: Recorded<KmsKeyCreated | KmsKeyRotated>): PublishedKey | undefined => (data.seed === null ? undefined : publishedKey(data, 'kms'));

export type PublishedKeyEvent = KmsKeyEvent | LicenceSigningKeyAdded;

export const publishedKeysProjection = defineProjection<PublishedKey, PublishedKeyEvent>({
  name: 'keys_published_keys',
  version: 1,
  indexes: [],
  tenant: () => INSTALLATION,
  // The same key may have been imported twice, and be retired in one place only.
  id: ({ stream, data: { kid } }) => `${stream}#${kid}`,
  on: {
    KmsKeyCreated: (_document, recorded) => kmsKey(recorded),
    KmsKeyRotated: (_document, recorded) => kmsKey(recorded),
    KmsKeyVersionRetired: () => undefined,
    // For ever: licences that are sold cannot be called back.
    LicenceSigningKeyAdded: (_document, { data }) => publishedKey(data, 'licence'),
  },
});

export interface PublishedKeys {
  /** Every published key once. Rejects with `storage.behind`. */
  all(): Promise<readonly PublishedKey['jwk'][]>;
}

export const createPublishedKeys = ({ reader }: Readonly<{ reader: Reader }>): PublishedKeys => ({
  all: async () => {
    const model = await reader.open<PublishedKey>(INSTALLATION, publishedKeysProjection);
    const keys = new Map<string, PublishedKey['jwk']>();
    for await (const { jwk } of model.stream({})) keys.set(jwk.kid, jwk);
    return [...keys.values()];
  },
});
