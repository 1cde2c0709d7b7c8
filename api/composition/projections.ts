/** Every read model of the program. */
import type { AnyProjection } from '../../projections/kernel/projection.ts';
import { signingOperations } from '../../projections/signing/operations.ts';
import { tenancyProjections } from '../../projections/tenancy/index.ts';

export const projections: readonly AnyProjection[] = [...tenancyProjections, signingOperations];
