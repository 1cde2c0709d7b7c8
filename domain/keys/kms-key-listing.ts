/** A key of the KMS as its administrators see it: one map for those who decide over it, and for the list. */
import { otherwise } from '../kernel/decider.ts';
import type { KmsKeyCreated, KmsKeyEvent, KmsKeyName, KmsKeyVersion } from './kms-key.events.ts';

export type ListedVersion = Readonly<{
  version: number;
  kid: string;
  origin: KmsKeyVersion['origin'];
  /** Whether its private key is here. */
  signs: boolean;
  /** UTC, ISO 8601 with milliseconds, as all times. */
  createdAt: string;
  retiredAt: string | null;
}>;

/** `service`: whose own default it is; null: every service of the tenant may use it. */
export type KmsKeyListing = KmsKeyName &
  Readonly<{
    createdAt: string;
    /** Newest first. */
    versions: readonly ListedVersion[];
  }>;

const versionOf = ({ version, kid, origin, seed }: KmsKeyVersion, createdAt: string): ListedVersion => ({
  version, kid, origin, signs: seed !== null, createdAt, retiredAt: null,
});

export const newKmsListing = (data: KmsKeyCreated['data']): KmsKeyListing => {
  const { keyId, algorithm, service, createdAt } = data;
  return { keyId, algorithm, service, createdAt, versions: [versionOf(data, createdAt)] };
};

/** What happens to a key after its making. */
export type ListedKmsEvent = Exclude<KmsKeyEvent, KmsKeyCreated>;

/** The versions of a key after an event. */
export const versionsAfter = (versions: readonly ListedVersion[], event: ListedKmsEvent): readonly ListedVersion[] => {
  switch (event.type) {
    case 'KmsKeyRotated':
      return [versionOf(event.data, event.data.rotatedAt), ...versions.filter(({ version }) => version !== event.data.version)];
    case 'KmsKeyVersionRetired':
      return versions.map((known) => (known.version === event.data.version ? { ...known, retiredAt: event.data.retiredAt } : known));
    default:
      return otherwise(event, versions);
  }
};
