/** The keys of the KMS: made, imported, rotated, their versions retired. */
import { streamId, type StreamId, type TenantId } from '../../domain/kernel/ids.ts';
import { reject, rejectFields } from '../../domain/kernel/rejection.ts';
import type { SignatureAlgorithm } from '../../domain/keys/algorithms.ts';
import { SIZES } from '../../domain/keys/algorithms.ts';
import type { KmsKeyEvent, KmsKeyName } from '../../domain/keys/kms-key.events.ts';
import { kmsKey, type KeyMaterial, type KmsKeyCommand, type KmsKeyState, type MadeKmsKey } from '../../domain/keys/kms-key.ts';
import { createAggregate, type Aggregate } from '../kernel/command-handler.ts';
import type { Cause, Clock, EventStore, Ids } from '../kernel/ports.ts';
import type { Place, Secrets } from '../kernel/sealing.ts';
import { createTurns } from '../kernel/turns.ts';
import type { KeyDigests, SignatureEngine } from './ports.ts';

/** Where a new key comes from. `seed` is wiped. */
export type KeySource = Readonly<{ kind: 'generated' }> | Readonly<{ kind: 'public'; publicKey: Uint8Array }> | Readonly<{ kind: 'seed'; seed: Uint8Array }>;

/** `commandId`: a command said again is the same command. */
export type KeyChange = Cause & Readonly<{ commandId: string }>;

export interface KmsKeys {
  find(tenant: TenantId, name: KmsKeyName): Promise<MadeKmsKey | undefined>;
  /**
   * A key that every service of the tenant may use. Rejects with `keys.key_exists`, and with `request.invalid` {fields} when `public_key`
   * or `seed` has the wrong size.
   */
  create(tenant: TenantId, wanted: Readonly<{ keyId: string; algorithm: SignatureAlgorithm; from: KeySource }>, how: KeyChange): Promise<MadeKmsKey>;
  /** A service's own default key, made when there is none: however many ask at once, there is one. */
  ownDefault(tenant: TenantId, asked: Readonly<{ service: string; algorithm: SignatureAlgorithm }>, cause: Cause): Promise<MadeKmsKey>;
  /** A new version, which signs from now on. Rejects with `keys.key_not_found`, `keys.public_only` or `keys.too_many_versions`. */
  rotate(tenant: TenantId, name: KmsKeyName, how: KeyChange): Promise<MadeKmsKey>;
  /** Rejects with `keys.key_not_found`, `keys.version_not_found` or, for the version that signs, `keys.version_signs`. */
  retire(tenant: TenantId, name: KmsKeyName, version: number, cause: Cause): Promise<MadeKmsKey>;
}

export const DEFAULT_KEY = 'default';

/** Key ids hold neither `@` nor `:` and algorithms no `:`, so no two keys share a stream. */
export const KEY_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/u;

export const ownDefaultName = (service: string, algorithm: SignatureAlgorithm): KmsKeyName => ({ keyId: DEFAULT_KEY, algorithm, service });

/** What tells a key from the tenant's others. */
export const keyReference = ({ keyId, algorithm, service }: KmsKeyName): string => `${service === null ? keyId : `${keyId}@${service}`}:${algorithm}`;

export const kmsKeyStream = (tenant: TenantId, name: KmsKeyName): StreamId => streamId('keys.kmskey', tenant, keyReference(name));

/** Where the seed of a version belongs. */
export const seedPlace = (tenant: TenantId, name: KmsKeyName, kid: string): Place => ({ tenant, place: `${kmsKeyStream(tenant, name)}#seed#${kid}` });

type Deps = Readonly<{ store: EventStore; secrets: Secrets; engine: SignatureEngine; digests: KeyDigests; clock: Clock; ids: Ids }>;

/** Each state holds all live versions of a key, some kilobytes for each. */
const CACHED = 2_000;

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url');

const checkSize = (field: string, bytes: Uint8Array, size: number): void => {
  if (bytes.length !== size) rejectFields({ [field]: `must be ${size} bytes, and is ${bytes.length}` });
};

const checkSource = (algorithm: SignatureAlgorithm, from: KeySource): void => {
  const { publicKey, seed } = SIZES[algorithm];
  if (from.kind === 'public') checkSize('public_key', from.publicKey, publicKey);
  if (from.kind === 'seed') checkSize('seed', from.seed, seed);
};

/** The key pair of a source; without a seed when only the public key is known. */
const createPairs = (engine: SignatureEngine) => async (algorithm: SignatureAlgorithm, from: KeySource): Promise<Readonly<{ publicKey: Uint8Array; seed?: Uint8Array }>> => {
  switch (from.kind) {
    case 'generated':
      return engine.generate(algorithm);
    case 'seed':
      return { seed: from.seed, publicKey: await engine.publicKeyOf(algorithm, from.seed) };
    default:
      // Whether it can be used shows now, not at the first signature.
      await engine.verifier(algorithm, from.publicKey);
      return { publicKey: from.publicKey };
  }
};

const createMaterials = ({ engine, secrets, digests }: Pick<Deps, 'engine' | 'secrets' | 'digests'>) => {
  const pairOf = createPairs(engine);
  return async (tenant: TenantId, name: KmsKeyName, source: Readonly<{ from: KeySource; commandId: string }>): Promise<KeyMaterial> => {
    const { from, commandId } = source;
    const pair = await pairOf(name.algorithm, from);
    const publicKey = base64url(pair.publicKey);
    const kid = digests.thumbprint(name.algorithm, publicKey);
    const seed = pair.seed === undefined ? null : await secrets.seal(seedPlace(tenant, name, kid), pair.seed);
    pair.seed?.fill(0);
    return { kid, publicKey, seed, origin: from.kind === 'generated' ? 'generated' : 'imported', commandId };
  };
};

const made = (state: KmsKeyState): MadeKmsKey => (state.status === 'made' ? state : reject('keys.key_not_found'));

/** Makes default keys one at a time for each stream: those who come second find what the first has made. */
const createOwnDefault = (
  keys: Aggregate<KmsKeyState, KmsKeyCommand, KmsKeyEvent>,
  materialOf: ReturnType<typeof createMaterials>,
  { clock, ids }: Pick<Deps, 'clock' | 'ids'>,
): KmsKeys['ownDefault'] => {
  const inTurn = createTurns();
  return async (tenant, { service, algorithm }, cause) => {
    const name = ownDefaultName(service, algorithm);
    const stream = kmsKeyStream(tenant, name);
    const known = (await keys.load(stream)).state;
    if (known.status === 'made') return known;
    return inTurn(stream, async () => {
      const { state } = await keys.load(stream);
      if (state.status === 'made') return state;
      const material = await materialOf(tenant, name, { from: { kind: 'generated' }, commandId: ids.next() });
      const data = { name, material, ifAbsent: true, at: new Date(clock.now()).toISOString() };
      return made((await keys.execute(stream, { type: 'CreateKmsKey', data }, cause)).state);
    });
  };
};

export const createKmsKeys = (deps: Deps): KmsKeys => {
  const keys = createAggregate<KmsKeyState, KmsKeyCommand, KmsKeyEvent>(deps.store, kmsKey, { cached: CACHED });
  const materialOf = createMaterials(deps);
  const now = (): string => new Date(deps.clock.now()).toISOString();

  return {
    find: async (tenant, name) => {
      const { state } = await keys.load(kmsKeyStream(tenant, name));
      return state.status === 'made' ? state : undefined;
    },
    create: async (tenant, { keyId, algorithm, from }, { commandId, ...cause }) => {
      if (!KEY_ID.test(keyId)) rejectFields({ key_id: 'must be 1 to 100 letters, digits, dots, hyphens and underscores, and begin with a letter or digit' });
      checkSource(algorithm, from);
      const name: KmsKeyName = { keyId, algorithm, service: null };
      const material = await materialOf(tenant, name, { from, commandId });
      const { state } = await keys.execute(kmsKeyStream(tenant, name), { type: 'CreateKmsKey', data: { name, material, at: now() } }, cause);
      return made(state);
    },
    ownDefault: createOwnDefault(keys, materialOf, deps),
    rotate: async (tenant, name, { commandId, ...cause }) => {
      const material = await materialOf(tenant, name, { from: { kind: 'generated' }, commandId });
      return made((await keys.execute(kmsKeyStream(tenant, name), { type: 'RotateKmsKey', data: { material, at: now() } }, cause)).state);
    },
    retire: async (tenant, name, version, cause) =>
      made((await keys.execute(kmsKeyStream(tenant, name), { type: 'RetireKmsKeyVersion', data: { version, at: now() } }, cause)).state),
  };
};
