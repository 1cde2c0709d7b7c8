/** Decides over the keys that sign an account's offline licences: added, one after another, never taken away. */
import type { Decider, Message } from '../kernel/decider.ts';
import { reject } from '../kernel/rejection.ts';
import type { SealedSecret } from '../kernel/sealed.ts';
import type { LicenceSigningAlgorithm, LicenceSigningKeyAdded } from './signing-keys.events.ts';

export const LICENCE_SIGNING_ALGORITHMS: readonly LicenceSigningAlgorithm[] = ['ML-DSA-65', 'Ed25519'];

/** `ifAbsent`: made on first use, where it does not matter who was first. Rejects with `licensing.too_many_signing_keys` {limit}. */
export type AddLicenceSigningKeys = Message<'AddLicenceSigningKeys', Readonly<{ keys: readonly LicenceSigningKeyAdded['data'][]; ifAbsent?: boolean }>>;

/** A key as it is published. `publicKey`: raw, base64url; `addedAt`: UTC, ISO 8601 with milliseconds. */
export type LicencePublicKey = Readonly<{ algorithm: LicenceSigningAlgorithm; kid: string; publicKey: string; addedAt: string }>;
export type LicenceSigningKey = LicencePublicKey & Readonly<{ seed: SealedSecret; commandId: string }>;
/** Oldest first; the last one of an algorithm signs. */
export type LicenceSigningKeysState = Readonly<{ keys: readonly LicenceSigningKey[] }>;

/** All of them stay published: there must not be any number of them. */
export const MOST_SIGNING_KEYS = 256;

/** Of what is stored. */
export const licencePublicKey = ({ algorithm, kid, publicKey, addedAt }: LicencePublicKey): LicencePublicKey => ({ algorithm, kid, publicKey, addedAt });

/** The key that signs with an algorithm now. */
export const signingKeyOf = ({ keys }: LicenceSigningKeysState, wanted: LicenceSigningAlgorithm): LicenceSigningKey | undefined =>
  keys.findLast(({ algorithm }) => algorithm === wanted);

export const licenceSigningKeys: Decider<LicenceSigningKeysState, AddLicenceSigningKeys, LicenceSigningKeyAdded> = {
  initialState: { keys: [] },
  evolve: (state, event) => {
    if (event.type !== 'LicenceSigningKeyAdded') return state;
    const { seed, commandId } = event.data;
    return { keys: [...state.keys, { ...licencePublicKey(event.data), seed, commandId }] };
  },
  decide: ({ data: { keys, ifAbsent = false } }, state) => {
    const isKnown = ({ algorithm, commandId }: LicenceSigningKey): boolean =>
      ifAbsent ? signingKeyOf(state, algorithm) !== undefined : state.keys.some((key) => key.commandId === commandId && key.algorithm === algorithm);
    const added = keys.filter((key) => !isKnown(key));
    if (state.keys.length + added.length > MOST_SIGNING_KEYS) return reject('licensing.too_many_signing_keys', { limit: MOST_SIGNING_KEYS });
    return added.map((data) => ({ type: 'LicenceSigningKeyAdded', data }));
  },
};
