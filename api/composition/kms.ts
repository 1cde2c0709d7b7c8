/** Keys and the KMS, wired. */
import type { Container } from 'inversify';
import { createKms, type Kms } from '../../application/keys/kms.ts';
import { createKmsKeys, type KmsKeys } from '../../application/keys/kms-keys.ts';
import { createOpenedKeys } from '../../application/keys/opened-keys.ts';
import type { KeyDigests, SignatureEngine } from '../../application/keys/ports.ts';
import type { Clock, EventStore } from '../../application/kernel/ports.ts';
import type { Secrets } from '../../application/kernel/sealing.ts';
import { createSignatures, keyDigests } from '../../infrastructure/crypto/signatures.ts';
import { createPublishedKeys } from '../../projections/keys/published-keys.ts';
import { provide, provideValue } from './provide.ts';
import { kms, runtime, storage } from './tokens.ts';

type KmsDeps = Readonly<{ store: EventStore; secrets: Secrets; engine: SignatureEngine; digests: KeyDigests; keys: KmsKeys; clock: Clock }>;

const kmsOf = ({ secrets, engine, ...deps }: KmsDeps): Kms => createKms({ ...deps, opened: createOpenedKeys({ secrets, engine }) });

export const bindKms = (container: Container): void => {
  const { store, secrets, reader } = storage;
  const { clock, ids } = runtime;
  const { engine, digests } = kms;
  provideValue(container, engine, createSignatures());
  provideValue(container, digests, keyDigests);
  provide(container, kms.keys, createKmsKeys, { store, secrets, engine, digests, clock, ids });
  provide(container, kms.kms, kmsOf, { store, secrets, engine, digests, keys: kms.keys, clock });
  provide(container, kms.published, createPublishedKeys, { reader, log: storage.log });
};
