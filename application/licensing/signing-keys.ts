/** The keys that sign an account's offline licences and revocation lists: made on first use, rotated, ready to sign while they are in use. */
import type { TenantId } from '../../domain/kernel/ids.ts';
import {
  licenceSigningKeys, signingKeyOf, type AddLicenceSigningKeys, type LicencePublicKey, type LicenceSigningKey, type LicenceSigningKeysState,
} from '../../domain/licensing/signing-keys.ts';
import type { LicenceSigningAlgorithm, LicenceSigningKeyAdded } from '../../domain/licensing/signing-keys.events.ts';
import type { KeyDigests, SignatureEngine, Signer } from '../keys/ports.ts';
import { createAggregate, type Aggregate } from '../kernel/command-handler.ts';
import type { Cause, Clock, EventStore, Ids } from '../kernel/ports.ts';
import { createRecent } from '../kernel/recent.ts';
import type { Secrets } from '../kernel/sealing.ts';
import { createTurns } from '../kernel/turns.ts';
import { signingKeysStream, signingSeedPlace } from './streams.ts';

/** A key that is ready to sign. */
export type LicenceSigner = Readonly<{ kid: string; algorithm: LicenceSigningAlgorithm; sign: (data: Uint8Array) => Promise<Uint8Array> }>;

export interface LicenceSigningKeys {
  /** The key that signs now; made when there is none: however many ask at once, there is one. */
  signer(tenant: TenantId, algorithm: LicenceSigningAlgorithm, cause: Cause): Promise<LicenceSigner>;
  /** New keys sign from now on; what the ones before have signed stays valid. Answers all of them, oldest first. Rejects with `licensing.too_many_signing_keys` {limit}. */
  rotate(tenant: TenantId, algorithms: readonly LicenceSigningAlgorithm[], how: Cause & Readonly<{ commandId: string }>): Promise<readonly LicencePublicKey[]>;
}

type Deps = Readonly<{ store: EventStore; secrets: Secrets; engine: SignatureEngine; digests: KeyDigests; clock: Clock; ids: Ids }>;
type Keys = Aggregate<LicenceSigningKeysState, AddLicenceSigningKeys, LicenceSigningKeyAdded>;

const CACHED = 2_000;
const READY = 1_000;

const createMake = ({ secrets, engine, digests, clock }: Deps) =>
  async (tenant: TenantId, algorithm: LicenceSigningAlgorithm, commandId: string): Promise<LicenceSigningKeyAdded['data']> => {
    const pair = await engine.generate(algorithm);
    const publicKey = Buffer.from(pair.publicKey).toString('base64url');
    const kid = digests.thumbprint(algorithm, publicKey);
    const seed = await secrets.seal(signingSeedPlace(tenant, kid), pair.seed);
    pair.seed.fill(0);
    return { algorithm, kid, publicKey, seed, commandId, addedAt: new Date(clock.now()).toISOString() };
  };

/** The key that signs, made one at a time for each account: those who come second find what the first has made. */
const createCurrent = (keys: Keys, make: ReturnType<typeof createMake>, ids: Ids) => {
  const inTurn = createTurns();
  return async (tenant: TenantId, algorithm: LicenceSigningAlgorithm, { actor, correlation }: Cause): Promise<LicenceSigningKey> => {
    const stream = signingKeysStream(tenant);
    const find = async (): Promise<LicenceSigningKey | undefined> => signingKeyOf((await keys.load(stream)).state, algorithm);
    const known = await find();
    if (known !== undefined) return known;
    return inTurn(stream, async () => {
      const before = await find();
      if (before !== undefined) return before;
      const data = { keys: [await make(tenant, algorithm, ids.next())], ifAbsent: true };
      const { state } = await keys.execute(stream, { type: 'AddLicenceSigningKeys', data }, { actor, correlation });
      const made = signingKeyOf(state, algorithm);
      if (made === undefined) throw new Error('no key signs licences');
      return made;
    });
  };
};

export const createLicenceSigningKeys = (deps: Deps): LicenceSigningKeys => {
  const { secrets, engine, ids } = deps;
  const keys: Keys = createAggregate(deps.store, licenceSigningKeys, { cached: CACHED });
  const make = createMake(deps);
  const current = createCurrent(keys, make, ids);
  // By where the seed belongs: it never stands for another key.
  const ready = createRecent<string, Signer>(READY);

  const open = async (tenant: TenantId, { algorithm, kid, seed }: LicenceSigningKey): Promise<Signer> => {
    const at = signingSeedPlace(tenant, kid);
    const known = ready.get(at.place);
    if (known !== undefined) return known;
    const signer = await engine.signer(algorithm, await secrets.open(at, seed));
    ready.set(at.place, signer);
    return signer;
  };

  return {
    signer: async (tenant, algorithm, cause) => {
      const key = await current(tenant, algorithm, cause);
      const signer = await open(tenant, key);
      return { kid: key.kid, algorithm, sign: (data) => signer.sign({ data }) };
    },
    rotate: async (tenant, algorithms, { commandId, ...cause }) => {
      const made = await Promise.all(algorithms.map((algorithm) => make(tenant, algorithm, commandId)));
      return (await keys.execute(signingKeysStream(tenant), { type: 'AddLicenceSigningKeys', data: { keys: made } }, cause)).state.keys;
    },
  };
};
