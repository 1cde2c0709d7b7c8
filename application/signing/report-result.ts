/** What became of a signature on the client's side: reported once, by the person whose operation it is. */
import type { SigningResultReported } from '../../domain/signing/operation.events.ts';
import type { Cause, Clock } from '../kernel/ports.ts';
import { actorOf, type SigningPrincipal } from './authorise.ts';
import { operationStream, type SigningOperations } from './operations.ts';

/** `error`: why it could not be embedded, in the client's words. */
export type ResultReport = Readonly<{ operationId: string; result: SigningResultReported['data']['result']; error?: string }>;

/**
 * Answers when it was recorded (UTC, ISO 8601 with milliseconds). Rejects with `signing.operation_not_found` (also for another person's),
 * `signing.result_reported` {status} the second time, and `signing.result_unexpected` {status} where no report is due.
 */
export type ReportResult = (principal: SigningPrincipal, report: ResultReport, cause: Cause) => Promise<Readonly<{ reportedAt: string }>>;

export const createReportResult =
  ({ operations, clock }: Readonly<{ operations: SigningOperations; clock: Clock }>): ReportResult =>
  async (principal, { operationId, result, error }, cause) => {
    const { userId, by } = actorOf(principal);
    const reportedAt = new Date(clock.now()).toISOString();
    const data = { operationId, result, ...(error !== undefined && { error }), actorUserId: userId, by, reportedAt };
    await operations.execute(operationStream(principal.tenant.id, operationId), { type: 'ReportResult', data }, cause);
    return { reportedAt };
  };
