/** Keys are replaced, at each level of the envelope, and the log says so. */
import { INSTALLATION, type TenantId } from '../../domain/kernel/ids.ts';
import type { EnvelopeKeyRotated } from '../../domain/tenancy/envelope.events.ts';
import type { Cause, Clock, EventStore } from '../kernel/ports.ts';
import { streams } from './aggregates.ts';
import { instant } from './instant.ts';
import type { SessionKeys } from './session-keys.ts';

export type Rotated = Readonly<{ version: number; rewrapped: number }>;
export type OnRotationProgress = (done: number, of: number) => void;

/** The upper levels of the envelope. Each may be called again after it was cut off, and goes on. */
export interface EnvelopeKeys {
  rotateMaster(onProgress: OnRotationProgress): Promise<Rotated>;
  rotateTenant(tenant: TenantId, onProgress: OnRotationProgress): Promise<Rotated>;
}

export interface KeyRotations {
  master(cause: Cause, onProgress: OnRotationProgress): Promise<Rotated>;
  tenant(tenant: TenantId, cause: Cause, onProgress: OnRotationProgress): Promise<Rotated>;
  /** Another key signs access tokens from now on; answers its kid. */
  session(cause: Cause): Promise<string>;
}

/** Tells the log of a rotation that is complete. */
export const recordRotation = async (
  { store, clock }: Readonly<{ store: EventStore; clock: Clock }>,
  at: Readonly<{ level: EnvelopeKeyRotated['data']['level']; tenant: TenantId }> & Rotated,
  cause: Cause,
): Promise<void> => {
  const { level, tenant, version, rewrapped } = at;
  const event: EnvelopeKeyRotated = { type: 'EnvelopeKeyRotated', data: { level, version, rewrapped, at: instant(clock.now()) } };
  await store.append(streams.envelope(tenant), 'any', [event], cause);
};

export const createKeyRotations = (
  deps: Readonly<{ store: EventStore; clock: Clock; keys: EnvelopeKeys; sessionKeys: Pick<SessionKeys, 'rotate'> }>,
): KeyRotations => ({
  master: async (cause, onProgress) => {
    const rotated = await deps.keys.rotateMaster(onProgress);
    await recordRotation(deps, { level: 'master', tenant: INSTALLATION, ...rotated }, cause);
    return rotated;
  },
  tenant: async (tenant, cause, onProgress) => {
    const rotated = await deps.keys.rotateTenant(tenant, onProgress);
    await recordRotation(deps, { level: 'tenant', tenant, ...rotated }, cause);
    return rotated;
  },
  session: (cause) => deps.sessionKeys.rotate(cause),
});
