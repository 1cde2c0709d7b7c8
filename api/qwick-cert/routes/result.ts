/** POST /signing-operations/:id/result */
import type { Static } from 'typebox';
import type { ReportResult } from '../../../application/signing/report-result.ts';
import { rejectFields } from '../../../domain/kernel/rejection.ts';
import { defineRoute } from '../../kernel/route.ts';
import { identified, type QwickPrincipal } from '../principal.ts';
import { IdParams, OrganizationQuery, ResultBody, ResultReply } from '../schemas.ts';

/** What the schema cannot say, said before permissions are looked at. */
export const checkReport = ({ status, error }: Static<typeof ResultBody>): void => {
  if (error && status !== 'embed_failed') rejectFields({ error: 'goes with embed_failed only' });
};

export const resultRoute = (reportResult: ReportResult) =>
  defineRoute<QwickPrincipal, typeof IdParams, typeof OrganizationQuery, typeof ResultBody>({
    method: 'POST',
    path: '/api/v1/signing-operations/:id/result',
    operationId: 'reportSigningResult',
    summary: 'Report what became of the embedding of a signature',
    description:
      'Once for each operation, by the person who signed or a key that acts for them. Expected within 24 hours from clients that signed with `await_result`; from others a failure may be reported as well.',
    tags: ['Signing Operations'],
    permission: 'report_result',
    params: IdParams,
    query: OrganizationQuery,
    body: ResultBody,
    bodyExample: { status: 'embed_failed', error: 'The file is read-only' },
    replies: { 200: { description: 'Recorded', schema: ResultReply } },
    rejections: [
      'signing.forbidden',
      'signing.organization_not_found',
      'signing.operation_not_found',
      'signing.result_reported',
      'signing.result_unexpected',
    ],
    handle: async ({ principal, params, body: { status, error }, cause }) => {
      const operationId = params.id.toLowerCase();
      const { reportedAt } = await reportResult(identified(principal), { operationId, result: status, ...(error && { error }) }, cause);
      return { status: 200, body: { operation_id: operationId, status, reported_at: reportedAt } };
    },
  });
