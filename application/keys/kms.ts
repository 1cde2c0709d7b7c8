/** Signs and verifies for services. Every operation is durable in the log before it is answered. */
import { streamId, type StreamId, type TenantId } from '../../domain/kernel/ids.ts';
import { reject } from '../../domain/kernel/rejection.ts';
import { signingVersion, type MadeKmsKey } from '../../domain/keys/kms-key.ts';
import type { KmsDataSigned, KmsSignatureVerified } from '../../domain/keys/kms-operation.events.ts';
import type { Cause, Clock, EventStore } from '../kernel/ports.ts';
import { createShares } from '../kernel/shares.ts';
import type { CredentialPrincipal } from '../tenancy/access.ts';
import { DEFAULT_KEY, KEY_ID, ownDefaultName, type KmsKeys } from './kms-keys.ts';
import type { OpenedKeys } from './opened-keys.ts';
import type { KeyDigests, SignatureAlgorithm } from './ports.ts';

/** The service that asks: a credential of the form `service`. It is known by its name, so that a token in place of another keeps its keys. */
export type Service = Pick<CredentialPrincipal, 'tenant' | 'name' | 'credentialId' | 'keyIds'>;

export type ToSign = Readonly<{ keyId: string; algorithm: SignatureAlgorithm; data: Uint8Array }>;
export type ToVerify = ToSign & Readonly<{ signature: Uint8Array }>;

/** Times are UTC, ISO 8601 with milliseconds; `dataHash` is SHA3-256, lower-case hex. */
export type SignedData = Readonly<{ signature: Uint8Array; kid: string; signedAt: string; dataHash: string }>;
export type VerifiedData = Readonly<{ valid: boolean; verifiedAt: string; dataHash: string }>;

/** Both reject with `keys.key_not_found` when there is no such key for the algorithm, or the service may not use it, and with `storage.*`. */
export interface Kms {
  /** Pure signature over the data with an empty context. Rejects with `keys.public_only` when the private key is not here. */
  sign(service: Service, asked: ToSign, cause: Cause): Promise<SignedData>;
  /** Whether the signature is one under any version that is not retired. */
  verify(service: Service, asked: ToVerify, cause: Cause): Promise<VerifiedData>;
}

/** A stream for each tenant and day, which nobody folds. */
export const kmsOperationsStream = (tenant: TenantId, at: string): StreamId => streamId('keys.kmsoperations', tenant, at.slice(0, 10));

/** Of one tenant, in the thread pool or in line for it: enough to keep all cores busy, too few to keep others out. */
const AT_ONCE = 8;

type Deps = Readonly<{ store: EventStore; keys: KmsKeys; opened: OpenedKeys; digests: KeyDigests; clock: Clock }>;

const refuseForeign = ({ keyIds }: Service, keyId: string): void => {
  if (!KEY_ID.test(keyId) || (keyIds !== undefined && !keyIds.includes(keyId))) reject('keys.key_not_found');
};

const createChoice = (keys: KmsKeys) => {
  const shared = ({ tenant }: Service, { keyId, algorithm }: ToSign): Promise<MadeKmsKey | undefined> => keys.find(tenant.id, { keyId, algorithm, service: null });

  /** A default that was made for all services comes before the service's own, which is made on first use. */
  const toSign = async (service: Service, asked: ToSign, cause: Cause): Promise<MadeKmsKey> => {
    refuseForeign(service, asked.keyId);
    const found = await shared(service, asked);
    if (found !== undefined) return found;
    if (asked.keyId !== DEFAULT_KEY) return reject('keys.key_not_found');
    return keys.ownDefault(service.tenant.id, { service: service.name, algorithm: asked.algorithm }, cause);
  };

  /** The default may be none yet, which no signature is valid under. */
  const toVerify = async (service: Service, asked: ToSign): Promise<readonly MadeKmsKey[]> => {
    refuseForeign(service, asked.keyId);
    const found = await shared(service, asked);
    if (asked.keyId !== DEFAULT_KEY) return [found ?? reject('keys.key_not_found')];
    const own = await keys.find(service.tenant.id, ownDefaultName(service.name, asked.algorithm));
    return [found, own].filter((key) => key !== undefined);
  };

  return { toSign, toVerify };
};

/** The thumbprint of the first version, newest first, under which it is valid. */
const validUnder = async (opened: OpenedKeys, candidates: readonly MadeKmsKey[], { data, signature }: ToVerify): Promise<string | null> => {
  for (const { name, live } of candidates) {
    for (const version of live) {
      const verifier = await opened.verifier(name, version);
      if (await verifier.verify({ data }, signature)) return version.kid;
    }
  }
  return null;
};

export const createKms = ({ store, keys, opened, digests, clock }: Deps): Kms => {
  const keysFor = createChoice(keys);
  const sharing = createShares<TenantId>(AT_ONCE);
  const now = (): string => new Date(clock.now()).toISOString();

  const record = async (tenant: TenantId, at: string, event: KmsDataSigned | KmsSignatureVerified, cause: Cause): Promise<void> => {
    await store.append(kmsOperationsStream(tenant, at), 'any', [event], cause);
  };

  const described = ({ name, credentialId }: Service, { keyId, algorithm, data }: ToSign, signature: Uint8Array) => ({
    keyId, algorithm, service: name, credentialId, dataHash: digests.sha3(data), signatureHash: digests.sha3(signature),
  });

  return {
    sign: async (service, asked, cause) => {
      const tenant = service.tenant.id;
      const key = await keysFor.toSign(service, asked, cause);
      const version = signingVersion(key) ?? reject('keys.public_only');
      const signer = await opened.signer(tenant, key.name, version);
      const signature = await sharing(tenant, () => signer.sign({ data: asked.data }));
      const signedAt = now();
      const operation = described(service, asked, signature);
      await record(tenant, signedAt, { type: 'KmsDataSigned', data: { ...operation, kid: version.kid, signedAt } }, cause);
      return { signature, kid: version.kid, signedAt, dataHash: operation.dataHash };
    },
    verify: async (service, asked, cause) => {
      const candidates = await keysFor.toVerify(service, asked);
      const kid = await sharing(service.tenant.id, () => validUnder(opened, candidates, asked));
      const verifiedAt = now();
      const operation = described(service, asked, asked.signature);
      const valid = kid !== null;
      await record(service.tenant.id, verifiedAt, { type: 'KmsSignatureVerified', data: { ...operation, kid, valid, verifiedAt } }, cause);
      return { valid, verifiedAt, dataHash: operation.dataHash };
    },
  };
};
