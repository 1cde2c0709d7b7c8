/** Every read model of the program. */
import type { AnyProjection } from '../../projections/kernel/projection.ts';
import { webhookProjections } from '../../projections/delivery/index.ts';
import { keysProjections } from '../../projections/keys/index.ts';
import { licensingProjections } from '../../projections/licensing/index.ts';
import { signingApprovals } from '../../projections/signing/approvals.ts';
import { signingAttempts } from '../../projections/signing/attempts.ts';
import { openSigningOperations, openSigningReservations } from '../../projections/signing/open-operations.ts';
import { signingOperations } from '../../projections/signing/operations.ts';
import { signingRecall } from '../../projections/signing/recall.ts';
import { tenancyProjections } from '../../projections/tenancy/index.ts';

export const projections: readonly AnyProjection[] = [
  ...tenancyProjections, signingOperations, signingAttempts, signingApprovals, openSigningOperations, openSigningReservations, signingRecall,
  ...licensingProjections, ...keysProjections, ...webhookProjections,
];
