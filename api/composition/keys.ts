/** Replacing keys, as long work that the operator starts. */
import type { Container } from 'inversify';
import { INSTALLATION, type TenantId } from '../../domain/kernel/ids.ts';
import type { Cause, Clock, EventStore } from '../../application/kernel/ports.ts';
import { createKeyRotations, recordRotation, type EnvelopeKeys, type KeyRotations } from '../../application/tenancy/key-rotations.ts';
import type { Keyring } from '../../infrastructure/crypto/keyring.ts';
import { adoptMasterKey, nextMasterKey, type InstallationSecrets } from '../../infrastructure/runtime/installation-files.ts';
import { JobFailure, type JobKind } from '../../infrastructure/runtime/jobs.ts';
import { resolve } from './provide.ts';
import { runtime, storage, tenancy } from './tokens.ts';

type Files = Readonly<{ keyring: Keyring; secrets: InstallationSecrets; dataDir: string }>;

const envelopeKeys = ({ keyring, secrets, dataDir }: Files): EnvelopeKeys => ({
  rotateTenant: (tenant, onProgress) => keyring.rotateTenant(tenant, onProgress),
  rotateMaster: async (onProgress) => {
    if (secrets.masterKeyFile === undefined) {
      throw new JobFailure('the master key is given by MASTER_KEY: start again with a new one, and the present one as MASTER_KEY_PREVIOUS');
    }
    const rotated = await keyring.rotateMaster(nextMasterKey(dataDir), onProgress);
    adoptMasterKey(dataDir);
    return rotated;
  },
});

export const keyRotationsOf = (container: Container, files: Files): KeyRotations =>
  createKeyRotations({
    store: resolve(container, storage.store),
    clock: resolve(container, runtime.clock),
    keys: envelopeKeys(files),
    sessionKeys: resolve(container, tenancy.sessionKeys),
  });

const AT_START: Cause = { actor: { kind: 'system', id: 'start' }, correlation: 'start' };

/** What an earlier process, or the operator by MASTER_KEY_PREVIOUS, has begun is complete: the files say so, and the log. */
export const completeRotation = async ({ keyring, secrets, dataDir }: Files, deps: Readonly<{ store: EventStore; clock: Clock }>): Promise<void> => {
  // Where the key was given, nothing was put under what the files hold.
  if (secrets.masterKeyFile !== undefined) adoptMasterKey(dataDir);
  if (keyring.finished !== undefined) await recordRotation(deps, { level: 'master', tenant: INSTALLATION, ...keyring.finished }, AT_START);
};

const part = (progress: (done: number) => void) => (done: number, of: number): void => progress(of === 0 ? 1 : done / of);

/** `rotations` are wired after the jobs. */
export const rotationJobs = (rotations: Promise<KeyRotations>): Readonly<Record<string, JobKind>> => ({
  'rotate-master-key': { work: async ({ input, progress }) => void (await (await rotations).master(input, part(progress))) },
  'rotate-tenant-key': {
    needsTenant: true,
    work: async ({ input, progress }) => void (await (await rotations).tenant(input.tenant as TenantId, input, part(progress))),
  },
  'rotate-session-key': { work: async ({ input }) => void (await (await rotations).session(input)) },
});
