/**
 * The public keys of the installation that anybody may verify with: one document for each key that signs here, whoever's it is. No tenant
 * is named. Another kind of signing keys is published by another row of `on`.
 */
import { INSTALLATION, type Position } from '../../domain/kernel/ids.ts';
import { publicJwk, type NamedPublicKey, type PublicJwk } from '../../domain/keys/jwk.ts';
import type { KmsKeyCreated, KmsKeyRotated, KmsKeyEvent } from '../../domain/keys/kms-key.events.ts';
import type { LicenceSigningKeyAdded } from '../../domain/licensing/signing-keys.events.ts';
import type { EventLog, Recorded } from '../../application/kernel/ports.ts';
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
  /** Every published key once: the same list again for as long as none was added or retired. Rejects with `storage.behind`. */
  all(): Promise<readonly PublishedKey['jwk'][]>;
}

const WINDOW = 1_000;
const never = AbortSignal.abort();

/** Calls back, before it resolves, when something of the projection's has happened since it was last asked. */
const createLook = (log: EventLog, onChange: () => void) => {
  const feed = log.feed({ types: Object.keys(publishedKeysProjection.on) });
  let from: Promise<Position | undefined> | undefined;
  let place: Position | undefined;
  return async (): Promise<void> => {
    // What is there at the first time is read then.
    from ??= log.head();
    place ??= await from;
    for (;;) {
      const { events, scannedTo } = await feed.pull(place, WINDOW, never);
      if (events.length > 0) onChange();
      if (scannedTo === undefined || scannedTo === place) return;
      place = scannedTo;
    }
  };
};

/** Anybody may ask, as often as they like: the list is put together again only when it has changed. */
export const createPublishedKeys = ({ reader, log }: Readonly<{ reader: Reader; log: EventLog }>): PublishedKeys => {
  let known: Promise<readonly PublishedKey['jwk'][]> | undefined;
  const look = createLook(log, () => { known = undefined; });
  const read = async (): Promise<readonly PublishedKey['jwk'][]> => {
    const model = await reader.open<PublishedKey>(INSTALLATION, publishedKeysProjection);
    const keys = new Map<string, PublishedKey['jwk']>();
    for await (const { jwk } of model.stream({})) keys.set(jwk.kid, jwk);
    return [...keys.values()];
  };
  return {
    all: async () => {
      await look();
      if (known !== undefined) return known;
      const reading = read();
      known = reading;
      // What could not be read is read anew by whoever asks next.
      reading.catch(() => { if (known === reading) known = undefined; });
      return reading;
    },
  };
};
