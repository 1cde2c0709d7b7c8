/** GET /signing-operations, /signing-operations/export, /signing-operations/:id */
import type { Static } from 'typebox';
import { reject } from '../../../domain/kernel/rejection.ts';
import type { RecordExport } from '../../../application/signing/record-export.ts';
import { signingOperations, type OperationDocument } from '../../../projections/signing/operations.ts';
import type { Reader } from '../../../projections/kernel/reader.ts';
import { defineRoute, type Route } from '../../kernel/route.ts';
import { createActorEmails, type MemberEmail } from '../actor-emails.ts';
import { csvRecord } from '../csv.ts';
import { parseFilters, questionOf } from '../operation-filters.ts';
import { identified, type QwickPrincipal } from '../principal.ts';
import { ExportQuery, IdParams, ListQuery, OperationReply, OperationsReply, OrganizationQuery } from '../schemas.ts';

export type OperationsDeps = Readonly<{ reader: Reader; memberEmail: MemberEmail; recordExport: RecordExport }>;

const MAX_PAGE_SIZE = 100;
/** Records put together before they are sent: few enough to hold, enough to not send each alone. */
const RECORDS_A_PIECE = 200;
const COLUMNS = ['id', 'file_name', 'file_size', 'status', 'source', 'actor_email', 'signed_at', 'created_at'] as const;

const tags = ['Signing Operations'];
const rejections = ['signing.forbidden', 'signing.organization_not_found'];

type ActorEmail = ReturnType<typeof createActorEmails>;
type Item = Static<typeof OperationsReply>['items'][number];
type Detail = Static<typeof OperationReply>;

const summary = (organizationId: string, document: OperationDocument, email: string | null) => ({
  id: document.id,
  organization_id: organizationId,
  actor_user_id: document.actorUserId,
  actor_email: email,
  file_name: document.fileName,
  file_size: document.fileSize,
});

const item = (organizationId: string, document: OperationDocument, email: string | null): Item => ({
  ...summary(organizationId, document, email),
  digest_algorithm: document.digestAlgorithm,
  status: document.status,
  source: document.source,
  batch_id: document.batchId,
  signed_at: document.signedAt,
  created_at: document.createdAt,
});

const duration = ({ signedAt, createdAt }: OperationDocument): number | null =>
  signedAt === null ? null : Date.parse(signedAt) - Date.parse(createdAt);

const detail = (organizationId: string, document: OperationDocument, email: string | null): Detail => ({
  ...summary(organizationId, document, email),
  file_hash: document.fileHash,
  digest_algorithm: document.digestAlgorithm,
  status: document.status,
  source: document.source,
  client_channel: document.clientChannel,
  client_version: document.clientVersion,
  batch_id: document.batchId,
  signed_at: document.signedAt,
  duration_ms: duration(document),
  created_at: document.createdAt,
});

async function* csvOf(documents: AsyncIterable<OperationDocument>, emailOf: ActorEmail): AsyncIterable<string> {
  let piece = [csvRecord(COLUMNS)];
  for await (const { id, fileName, fileSize, status, source, actorUserId, signedAt, createdAt } of documents) {
    piece.push(csvRecord([id, fileName, fileSize, status, source, await emailOf(actorUserId), signedAt, createdAt]));
    if (piece.length < RECORDS_A_PIECE) continue;
    yield piece.join('');
    piece = [];
  }
  if (piece.length > 0) yield piece.join('');
}

const listRoute = ({ reader, memberEmail }: OperationsDeps) =>
  defineRoute<QwickPrincipal, undefined, typeof ListQuery>({
    method: 'GET',
    path: '/api/v1/signing-operations',
    operationId: 'listSigningOperations',
    summary: 'List signing operations, newest first',
    tags,
    permission: 'read_audit',
    query: ListQuery,
    replies: { 200: { description: 'One page of operations', schema: OperationsReply } },
    rejections,
    handle: async ({ principal, query: { page, page_size: asked, ...filters } }) => {
      const { id } = identified(principal).tenant;
      const pageSize = Math.min(asked, MAX_PAGE_SIZE);
      const operations = await reader.open<OperationDocument>(id, signingOperations);
      const question = { ...questionOf(parseFilters(filters)), limit: pageSize, offset: (page - 1) * pageSize, total: true };
      const { items, total = 0 } = await operations.page(question);
      const emailOf = createActorEmails(memberEmail, id);
      const shown: Item[] = [];
      for (const document of items) shown.push(item(id, document, await emailOf(document.actorUserId)));
      return { status: 200, body: { items: shown, page, page_size: pageSize, total } };
    },
  });

const exportRoute = ({ reader, memberEmail, recordExport }: OperationsDeps) =>
  defineRoute<QwickPrincipal, undefined, typeof ExportQuery>({
    method: 'GET',
    path: '/api/v1/signing-operations/export',
    operationId: 'exportSigningOperations',
    summary: 'Export signing operations as a CSV file, newest first',
    description: 'RFC 4180, UTF-8. A cell that a spreadsheet would take for a formula starts with an apostrophe.',
    tags,
    permission: 'read_audit',
    query: ExportQuery,
    replies: { 200: { description: `Columns: ${COLUMNS.join(', ')}`, contentType: 'text/csv' } },
    rejections,
    handle: async ({ principal, query, cause }) => {
      const who = identified(principal);
      const filters = parseFilters(query);
      const operations = await reader.open<OperationDocument>(who.tenant.id, signingOperations);
      await recordExport(who, filters, cause);
      return {
        status: 200,
        stream: csvOf(operations.stream(questionOf(filters)), createActorEmails(memberEmail, who.tenant.id)),
        contentType: 'text/csv; charset=utf-8',
        headers: { 'Content-Disposition': 'attachment; filename="signing-operations.csv"' },
      };
    },
  });

const detailRoute = ({ reader, memberEmail }: OperationsDeps) =>
  defineRoute<QwickPrincipal, typeof IdParams, typeof OrganizationQuery>({
    method: 'GET',
    path: '/api/v1/signing-operations/:id',
    operationId: 'getSigningOperation',
    summary: 'Get one signing operation',
    tags,
    permission: 'read_audit',
    params: IdParams,
    query: OrganizationQuery,
    replies: { 200: { description: 'The operation', schema: OperationReply } },
    rejections: [...rejections, 'signing.operation_not_found'],
    handle: async ({ principal, params }) => {
      const { id } = identified(principal).tenant;
      const operations = await reader.open<OperationDocument>(id, signingOperations);
      const document = (await operations.get(params.id.toLowerCase())) ?? reject('signing.operation_not_found');
      const email = await createActorEmails(memberEmail, id)(document.actorUserId);
      return { status: 200, body: detail(id, document, email) };
    },
  });

export const signingOperationRoutes = (deps: OperationsDeps): readonly Route<QwickPrincipal>[] => [
  listRoute(deps),
  exportRoute(deps),
  detailRoute(deps),
];
