/** The surface of licences and the KMS, wired. */
import type { Container } from 'inversify';
import type { Clock, EventLog } from '../../application/kernel/ports.ts';
import type { FingerprintHashes } from '../../application/licensing/ports.ts';
import { fingerprintsWork } from '../../application/licensing/self-test.ts';
import type { StateStore } from '../../application/kernel/state.ts';
import { createQuantumLockSurface } from '../quantum-lock/surface.ts';
import type { Health } from '../quantum-lock/routes/meta.ts';
import type { Projections } from '../../projections/kernel/projections.ts';
import { provide } from './provide.ts';
import { BEHIND } from './readiness.ts';
import { kms, licensing, offline, runtime, storage, surfaces, tenancy } from './tokens.ts';

const PROBE = 'health';
/** Anybody may ask, at any pace: what was found is told for this long. */
const TOLD_FOR_MS = 1_000;

type HealthDeps = Readonly<{ state: StateStore; log: EventLog; projections: Projections; clock: Clock; hashes: FingerprintHashes }>;

/** Whether events can be read, something can be stored, and questions are answered from models that have caught up, and are not far behind since. */
const storageWorks = async ({ state, log, projections, clock }: Omit<HealthDeps, 'hashes'>): Promise<boolean> => {
  try {
    await log.head();
    const before = await state.get(PROBE, PROBE);
    await state.compareAndSet(PROBE, PROBE, before, { value: String(clock.now()) });
    return projections.ready() && (await projections.status()).every(({ lag }) => lag <= BEHIND);
  } catch {
    return false;
  }
};

/**
 * The fingerprint engine is tried at the start, the rest looked at when somebody asks: once for all who ask meanwhile, however long an engine takes
 * to answer, and at most once a second.
 */
export const createHealth = (deps: HealthDeps): (() => Promise<Health>) => {
  const fingerprints = fingerprintsWork(deps.hashes);
  let found: Promise<Health> | undefined;
  let isLooking = false;
  let until = 0;
  const look = async (): Promise<Health> => {
    isLooking = true;
    const works = await storageWorks(deps);
    isLooking = false;
    until = deps.clock.now() + TOLD_FOR_MS;
    return { storage: works, fingerprints };
  };
  const isToldStill = (now: number): boolean => isLooking || (now < until && now >= until - TOLD_FOR_MS);
  return () => {
    if (found === undefined || !isToldStill(deps.clock.now())) found = look();
    return found;
  };
};

export const bindQuantumLock = (container: Container): void => {
  const { clock } = runtime;
  const { state, log, projections, reader } = storage;
  const { hashes, licences, book } = licensing;
  provide(container, surfaces.quantumLockHealth, createHealth, { state, log, projections, clock, hashes });
  provide(container, surfaces.quantumLock, createQuantumLockSurface, {
    access: tenancy.access, members: tenancy.directory, clock, reader, licences, book, kms: kms.kms, offline: offline.licences, bundles: offline.bundles, health: surfaces.quantumLockHealth,
  });
};
