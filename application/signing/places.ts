/** Waits for a place in the signing step: the last gate. */
import { signingConcurrency } from '../../domain/signing/plan-limits.ts';
import { signingPlan } from './authorise.ts';
import type { Gate } from './gates.ts';
import type { SigningPlaces } from './ports.ts';

export const placesGate =
  (places: SigningPlaces): Gate =>
  async ({ principal: { tenant }, request: { signal } }) => ({
    release: await places.take(tenant.id, signingConcurrency(signingPlan(tenant)), signal),
  });
