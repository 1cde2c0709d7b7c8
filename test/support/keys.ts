/** What keys stand on: a log and a vault of the test's own; and programs on it that share nothing else. */
import { catalogue } from '../../application/catalogue.ts';
import { createEventCodec } from '../../application/kernel/event-codec.ts';
import { createKms, type Kms, type Service } from '../../application/keys/kms.ts';
import { createKmsKeys, type KmsKeys } from '../../application/keys/kms-keys.ts';
import { createOpenedKeys } from '../../application/keys/opened-keys.ts';
import type { SignatureEngine } from '../../application/keys/ports.ts';
import { openSealing } from '../../infrastructure/crypto/sealing.ts';
import { createSignatures, keyDigests } from '../../infrastructure/crypto/signatures.ts';
import { systemClock } from '../../infrastructure/runtime/clock.ts';
import { randomIds } from './random-ids.ts';
import { someTenant } from './sample-events.ts';
import { failOnFatal, silentLogger } from './silent.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { openStores } from './open-stores.ts';

export const openKeysGround = async () => {
  const directory = temporaryDirectory();
  const embedded = await openStores({ dataDir: directory.path, codec: createEventCodec(catalogue), clock: systemClock, logger: silentLogger, onFatal: failOnFatal });
  const { secrets } = await openSealing({ vault: embedded.vault, masterKey: Buffer.alloc(32, 7), ids: randomIds });
  return {
    store: embedded.store,
    secrets,
    close: async () => {
      await embedded.close();
      directory.remove();
    },
  };
};

export type KeysGround = Awaited<ReturnType<typeof openKeysGround>>;

/** `change` plants a fault. */
export const createKeysProgram = ({ store, secrets }: KeysGround, change: (keys: KmsKeys, engine: SignatureEngine) => KmsKeys = (keys) => keys): Readonly<{ kms: Kms; keys: KmsKeys }> => {
  const engine = createSignatures();
  const shared = { store, digests: keyDigests, clock: systemClock };
  const keys = change(createKmsKeys({ ...shared, secrets, engine, ids: randomIds }), engine);
  return { keys, kms: createKms({ ...shared, keys, opened: createOpenedKeys({ secrets, engine }) }) };
};

export const newService = (): Service => ({ tenant: { id: someTenant(), slug: 'acme', name: 'Acme', plans: {} }, name: 'billing', credentialId: 'credential' });
