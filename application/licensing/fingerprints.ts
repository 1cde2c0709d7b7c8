/**
 * The fingerprint of a licence: a graph state of 16 qubits that the account's key, and nothing else, derives from what the licence says. It
 * is simulated exactly, on an ordinary computer. Nobody without the key can tell the state of a licence: that, and not physics, is what
 * makes it hard to forge.
 */
import type { TenantId } from '../../domain/kernel/ids.ts';
import { fidelityOf } from '../../domain/licensing/fidelity.ts';
import {
  applyCliffords, canonical, CLIFFORDS, type Graph, graphOf, MOST_QUBITS, pairsOf, stabilizerOf, tableauBytes,
} from '../../domain/licensing/graph-state.ts';
import { licensingAccount, type CreateFingerprintKey, type LicensingAccountState } from '../../domain/licensing/account.ts';
import type { FingerprintKeyCreated } from '../../domain/licensing/licence.events.ts';
import { createAggregate } from '../kernel/command-handler.ts';
import type { Cause, Clock, EventStore } from '../kernel/ports.ts';
import { createRecent } from '../kernel/recent.ts';
import type { Secrets } from '../kernel/sealing.ts';
import type { FingerprintHashes, KeyedHash } from './ports.ts';
import { accountStream, fingerprintKeyPlace } from './streams.ts';

/** What a licence says. Times are UTC, ISO 8601 with milliseconds. */
export type Claims = Readonly<{ licenceKey: string; endCustomerId: string; features: readonly string[]; generatedAt: string; validUntil: string }>;

/** `quantumSignature` in lower-case hexadecimal; `fidelity` between 0 and 1. */
export type Fingerprint = Readonly<{ quantumSignature: string; fidelity: number }>;

export interface Fingerprints {
  /** `QCOS-` and 128 bits: the same for the same command, unknown to whoever lacks the account's key. */
  licenceKey(commandId: string): string;
  of(claims: Claims): Fingerprint;
  /** Regenerates the state, whatever was said of it before. */
  matches(claims: Claims, quantumSignature: string): boolean;
}

/** The probability of a Pauli error on each qubit. */
export const ERROR_RATE = 0.001;

const QUBITS = MOST_QUBITS;
const GRAPH_BYTES = pairsOf(QUBITS) / 8;
/** Of 32 bits for each of 24 Cliffords none is more likely than another by more than 2⁻²⁷. */
const CLIFFORD_BYTES = 4;
const STATE_BYTES = GRAPH_BYTES + CLIFFORD_BYTES * QUBITS;
const KEY_BYTES = 16;

const LICENCE_KEY = 'chancery licence key 1';
const GRAPH_STATE = 'chancery licence graph state 1';

/** Moments as milliseconds, so that most licences fit one block of the hash. An array has one JSON, and a JSON one array. */
const textOf = ({ licenceKey, endCustomerId, features, generatedAt, validUntil }: Claims): string =>
  JSON.stringify([licenceKey, endCustomerId, Date.parse(generatedAt), Date.parse(validUntil), ...features]);

const cliffordsOf = (bytes: Uint8Array): readonly number[] => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: QUBITS }, (_, qubit) => view.getUint32(GRAPH_BYTES + CLIFFORD_BYTES * qubit) % CLIFFORDS);
};

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

type Prepared = Readonly<{ graph: Graph; cliffords: readonly number[] }>;

const prepare = (keyed: KeyedHash, text: string): Prepared => {
  const bytes = keyed(GRAPH_STATE, text, STATE_BYTES);
  return { graph: graphOf(QUBITS, bytes), cliffords: cliffordsOf(bytes) };
};

const tableauOf = ({ graph, cliffords }: Prepared): Uint8Array => tableauBytes(canonical(applyCliffords(stabilizerOf(graph), cliffords)));

/** The fingerprints of one account. */
export const createFingerprints = (keyed: KeyedHash, hashes: Pick<FingerprintHashes, 'digest' | 'equal'>): Fingerprints => ({
  licenceKey: (commandId) => `QCOS-${hexOf(keyed(LICENCE_KEY, commandId, KEY_BYTES)).toUpperCase().match(/.{4}/g)?.join('-') ?? ''}`,
  of: (claims) => {
    const text = textOf(claims);
    const prepared = prepare(keyed, text);
    return { quantumSignature: hashes.digest(tableauOf(prepared), text), fidelity: fidelityOf(prepared.graph, ERROR_RATE) };
  },
  matches: (claims, quantumSignature) => {
    const text = textOf(claims);
    return hashes.equal(hashes.digest(tableauOf(prepare(keyed, text)), text), quantumSignature);
  },
});

/** Accounts whose key is kept open. */
const KEPT = 1_000;

type Deps = Readonly<{ store: EventStore; secrets: Secrets; hashes: FingerprintHashes; clock: Clock }>;

/** The fingerprints of an account; its key is made when there is none. */
export type FingerprintsOf = (tenant: TenantId, cause: Cause) => Promise<Fingerprints>;

export const createFingerprintsOf = ({ store, secrets, hashes, clock }: Deps): FingerprintsOf => {
  const accounts = createAggregate<LicensingAccountState, CreateFingerprintKey, FingerprintKeyCreated>(store, licensingAccount, { cached: 0 });
  // The key of an account never changes: what was opened once may be kept.
  const opened = createRecent<TenantId, Fingerprints>(KEPT);

  const create = async (tenant: TenantId, { actor, correlation }: Cause): Promise<LicensingAccountState['key']> => {
    const bytes = hashes.newKey();
    const key = await secrets.seal(fingerprintKeyPlace(tenant), bytes);
    bytes.fill(0);
    const data = { key, createdAt: new Date(clock.now()).toISOString() };
    return (await accounts.execute(accountStream(tenant), { type: 'CreateFingerprintKey', data }, { actor, correlation })).state.key;
  };

  const open = async (tenant: TenantId, cause: Cause): Promise<Fingerprints> => {
    const key = (await accounts.load(accountStream(tenant))).state.key ?? (await create(tenant, cause));
    if (key === undefined) throw new Error('an account without a fingerprint key');
    const bytes = await secrets.open(fingerprintKeyPlace(tenant), key);
    const fingerprints = createFingerprints(hashes.keyed(bytes), hashes);
    bytes.fill(0);
    opened.set(tenant, fingerprints);
    return fingerprints;
  };
  return async (tenant, cause) => opened.get(tenant) ?? open(tenant, cause);
};
