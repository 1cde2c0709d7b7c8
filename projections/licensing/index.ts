/** The read models of licensing. */
import type { AnyProjection } from '../kernel/projection.ts';
import { licensingLicences } from './licences.ts';
import { licensingRevocations } from './revocations.ts';
import { licensingSigningKeys } from './signing-keys.ts';

export const licensingProjections: readonly AnyProjection[] = [licensingLicences, licensingRevocations, licensingSigningKeys];
