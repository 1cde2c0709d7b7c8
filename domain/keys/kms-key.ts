/** Decides over one KMS key: created once, rotated, its older versions retired. */
import { otherwise, type Decider, type Message } from '../kernel/decider.ts';
import { reject } from '../kernel/rejection.ts';
import type { SealedSecret } from '../kernel/sealed.ts';
import { newKmsListing, versionsAfter, type KmsKeyListing } from './kms-key-listing.ts';
import type { KmsKeyEvent, KmsKeyName, KmsKeyVersion, KmsKeyVersionRetired } from './kms-key.events.ts';

/** What a version is made of before it has a number. */
export type KeyMaterial = Omit<KmsKeyVersion, 'version'>;

/** `ifAbsent`: made on first use, where it does not matter who was first. */
export type CreateKmsKey = Message<'CreateKmsKey', Readonly<{ name: KmsKeyName; material: KeyMaterial; ifAbsent?: boolean; at: string }>>;
export type RotateKmsKey = Message<'RotateKmsKey', Readonly<{ material: KeyMaterial; at: string }>>;
export type RetireKmsKeyVersion = Message<'RetireKmsKeyVersion', Readonly<{ version: number; at: string }>>;
export type KmsKeyCommand = CreateKmsKey | RotateKmsKey | RetireKmsKeyVersion;

/** A version that verifies. */
export type LiveVersion = Readonly<{ version: number; kid: string; publicKey: string; seed: SealedSecret | null; commandId: string }>;

export type KmsKeyState =
  | Readonly<{ status: 'none' }>
  | Readonly<{
      status: 'made';
      name: KmsKeyName;
      /** All that are not retired, newest first. */
      live: readonly LiveVersion[];
      /** Versions ever made: they are numbered from 1. */
      count: number;
      /** As its administrators see it. */
      listing: KmsKeyListing;
    }>;
export type MadeKmsKey = Extract<KmsKeyState, { status: 'made' }>;

/** A signature that is wrong is tried under every version: there must not be any number of them. */
export const MOST_LIVE_VERSIONS = 32;

const initialState: KmsKeyState = { status: 'none' };

/** The version that signs: the newest, if its private key is here. */
export const signingVersion = ({ live, count }: MadeKmsKey): LiveVersion | undefined =>
  live.find(({ version, seed }) => version === count && seed !== null);

const liveOf = ({ version, kid, publicKey, seed, commandId }: KmsKeyVersion): LiveVersion => ({ version, kid, publicKey, seed, commandId });

const evolveMade = (state: MadeKmsKey, event: Exclude<KmsKeyEvent, { type: 'KmsKeyCreated' }>): MadeKmsKey => {
  const listing = { ...state.listing, versions: versionsAfter(state.listing.versions, event) };
  switch (event.type) {
    case 'KmsKeyRotated':
      return { ...state, listing, live: [liveOf(event.data), ...state.live], count: event.data.version };
    case 'KmsKeyVersionRetired':
      return { ...state, listing, live: state.live.filter(({ version }) => version !== event.data.version) };
    default:
      return otherwise(event, state);
  }
};

const evolve = (state: KmsKeyState, event: KmsKeyEvent): KmsKeyState => {
  if (event.type !== 'KmsKeyCreated') return state.status === 'none' ? state : evolveMade(state, event);
  const { keyId, algorithm, service, version } = event.data;
  return { status: 'made', name: { keyId, algorithm, service }, live: [liveOf(event.data)], count: version, listing: newKmsListing(event.data) };
};

const create = ({ name, material, ifAbsent = false, at }: CreateKmsKey['data'], state: KmsKeyState): readonly KmsKeyEvent[] => {
  if (state.status === 'none') return [{ type: 'KmsKeyCreated', data: { ...name, ...material, version: 1, createdAt: at } }];
  const isSame = state.live.some(({ version, commandId }) => version === 1 && commandId === material.commandId);
  return ifAbsent || isSame ? [] : reject('keys.key_exists');
};

const rotate = ({ material, at }: RotateKmsKey['data'], state: MadeKmsKey): readonly KmsKeyEvent[] => {
  if (state.live.some(({ commandId }) => commandId === material.commandId)) return [];
  if (signingVersion(state) === undefined) return reject('keys.public_only');
  if (state.live.length >= MOST_LIVE_VERSIONS) return reject('keys.too_many_versions', { limit: MOST_LIVE_VERSIONS });
  return [{ type: 'KmsKeyRotated', data: { ...state.name, ...material, version: state.count + 1, rotatedAt: at } }];
};

const retire = ({ version: wanted, at }: RetireKmsKeyVersion['data'], state: MadeKmsKey): readonly KmsKeyVersionRetired[] => {
  if (wanted > state.count) return reject('keys.version_not_found');
  const version = state.live.find((one) => one.version === wanted);
  if (version === undefined) return [];
  if (version === signingVersion(state)) return reject('keys.version_signs');
  return [{ type: 'KmsKeyVersionRetired', data: { ...state.name, version: wanted, kid: version.kid, retiredAt: at } }];
};

/** Rejects with `keys.key_exists`, `keys.key_not_found`, `keys.public_only`, `keys.too_many_versions`, `keys.version_not_found`, `keys.version_signs`. */
export const kmsKey: Decider<KmsKeyState, KmsKeyCommand, KmsKeyEvent> = {
  initialState,
  evolve,
  decide: (command, state) => {
    if (command.type === 'CreateKmsKey') return create(command.data, state);
    if (state.status === 'none') return reject('keys.key_not_found');
    switch (command.type) {
      case 'RotateKmsKey':
        return rotate(command.data, state);
      case 'RetireKmsKeyVersion':
        return retire(command.data, state);
      default:
        return otherwise(command, []);
    }
  },
};
