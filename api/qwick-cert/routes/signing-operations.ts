/** GET /signing-operations, /signing-operations/export, /signing-operations/:id */
import type { Static } from 'typebox';
import { reject } from '../../../domain/kernel/rejection.ts';
import type { RecordExport } from '../../../application/signing/record-export.ts';
import { signingOperations, type OperationDocument } from '../../../projections/signing/operations.ts';
import type { AddressBook, MemberDirectory } from '../../../projections/tenancy/member-directory.ts';
import { yieldToOthers } from '../../../projections/kernel/pause.ts';
import type { Reader } from '../../../projections/kernel/reader.ts';
import { defineRoute, type Route } from '../../kernel/route.ts';
import { createTenantSlots, saying, type TenantSlots } from '../../kernel/tenant-slots.ts';
import { csvRecord } from '../csv.ts';
import { parseFilters, questionOf } from '../operation-filters.ts';
import { identified, type QwickPrincipal } from '../principal.ts';
import { ExportQuery, IdParams, ListQuery, OperationReply, OperationsReply, OrganizationQuery } from '../schemas.ts';

export type OperationsDeps = Readonly<{ reader: Reader; members: Pick<MemberDirectory, 'addressBook'>; recordExport: RecordExport }>;

const MAX_PAGE_SIZE = 100;
/** Exports of one organization under way at once, in this process. */
const EXPORTS_AT_ONCE = 2;
/** Records put together before they are sent: few enough to hold, enough to not send each alone. */
const RECORDS_A_PIECE = 200;
const COLUMNS = ['id', 'file_name', 'file_size', 'status', 'source', 'actor_email', 'signed_at', 'created_at'] as const;

const tags = ['Signing Operations'];
const rejections = ['signing.forbidden', 'signing.organization_not_found'];

type Item = Static<typeof OperationsReply>['items'][number];
type Detail = Static<typeof OperationReply>;

/** The address behind each document's actor: opened now, null once the person has been erased. */
type WithEmail = Readonly<{ document: OperationDocument; email: string | null }>;

const withEmails = async (emailsOf: AddressBook, documents: readonly OperationDocument[]): Promise<readonly WithEmail[]> => {
  const emails = await emailsOf(documents.map(({ actorUserId }) => actorUserId));
  return documents.map((document) => ({ document, email: emails.get(document.actorUserId) ?? null }));
};

const summary = (organizationId: string, { document, email }: WithEmail) => ({
  id: document.id,
  organization_id: organizationId,
  actor_user_id: document.actorUserId,
  actor_email: email,
  file_name: document.fileName,
  file_size: document.fileSize,
});

const item = (organizationId: string, operation: WithEmail): Item => ({
  ...summary(organizationId, operation),
  digest_algorithm: operation.document.digestAlgorithm,
  status: operation.document.status,
  source: operation.document.source,
  batch_id: operation.document.batchId,
  signed_at: operation.document.signedAt,
  created_at: operation.document.createdAt,
});

const duration = ({ signedAt, createdAt }: OperationDocument): number | null =>
  signedAt === null ? null : Date.parse(signedAt) - Date.parse(createdAt);

const detail = (organizationId: string, operation: WithEmail): Detail => ({
  ...summary(organizationId, operation),
  file_hash: operation.document.fileHash,
  digest_algorithm: operation.document.digestAlgorithm,
  status: operation.document.status,
  ...(operation.document.resultError !== undefined && { error: operation.document.resultError }),
  source: operation.document.source,
  client_channel: operation.document.clientChannel,
  client_version: operation.document.clientVersion,
  batch_id: operation.document.batchId,
  signed_at: operation.document.signedAt,
  duration_ms: duration(operation.document),
  created_at: operation.document.createdAt,
});

const record = ({ document, email }: WithEmail): string => {
  const { id, fileName, fileSize, status, source, signedAt, createdAt } = document;
  return csvRecord([id, fileName, fileSize, status, source, email, signedAt, createdAt]);
};

async function* inPieces(documents: AsyncIterable<OperationDocument>): AsyncIterable<readonly OperationDocument[]> {
  let piece: OperationDocument[] = [];
  for await (const document of documents) {
    piece.push(document);
    if (piece.length < RECORDS_A_PIECE) continue;
    yield piece;
    piece = [];
  }
  if (piece.length > 0) yield piece;
}

async function* csvOf(emailsOf: AddressBook, documents: AsyncIterable<OperationDocument>): AsyncIterable<string> {
  yield csvRecord(COLUMNS);
  for await (const piece of inPieces(documents)) {
    yield (await withEmails(emailsOf, piece)).map(record).join('');
    // A client that takes everything at once would keep everybody else waiting.
    await yieldToOthers();
  }
}

const listRoute = (deps: OperationsDeps) =>
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
      const operations = await deps.reader.open<OperationDocument>(id, signingOperations);
      const question = { ...questionOf(parseFilters(filters)), limit: pageSize, offset: (page - 1) * pageSize, total: true };
      const { items, total = 0 } = await operations.page(question);
      const operationsShown = (await withEmails(await deps.members.addressBook(id), items)).map((operation) => item(id, operation));
      return { status: 200, body: { items: operationsShown, page, page_size: pageSize, total } };
    },
  });

const exportRoute = (deps: OperationsDeps, slots: TenantSlots) =>
  defineRoute<QwickPrincipal, undefined, typeof ExportQuery>({
    method: 'GET',
    path: '/api/v1/signing-operations/export',
    operationId: 'exportSigningOperations',
    summary: 'Export signing operations as a CSV file, newest first',
    description: `RFC 4180, UTF-8. A cell that a spreadsheet would take for a formula starts with an apostrophe. At most ${EXPORTS_AT_ONCE} of an organization at once.`,
    tags,
    permission: 'read_audit',
    query: ExportQuery,
    replies: { 200: { description: `Columns: ${COLUMNS.join(', ')}`, contentType: 'text/csv' } },
    rejections: [...rejections, 'signing.exports_busy'],
    handle: async ({ principal, query, cause, signal }) => {
      const who = identified(principal);
      const filters = parseFilters(query);
      const over = slots.take(who.tenant.id, signal);
      try {
        const operations = await deps.reader.open<OperationDocument>(who.tenant.id, signingOperations);
        // Before it is recorded: what is sent after that waits for no newest write.
        const emailsOf = await deps.members.addressBook(who.tenant.id);
        await deps.recordExport(who, filters, cause);
        return {
          status: 200,
          stream: saying(csvOf(emailsOf, operations.stream(questionOf(filters))), over),
          contentType: 'text/csv; charset=utf-8',
          headers: { 'Content-Disposition': 'attachment; filename="signing-operations.csv"' },
        };
      } catch (error) {
        over();
        throw error;
      }
    },
  });

const detailRoute = (deps: OperationsDeps) =>
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
      const operations = await deps.reader.open<OperationDocument>(id, signingOperations);
      const document = (await operations.get(params.id.toLowerCase())) ?? reject('signing.operation_not_found');
      const [operation = { document, email: null }] = await withEmails(await deps.members.addressBook(id), [document]);
      return { status: 200, body: detail(id, operation) };
    },
  });

export const signingOperationRoutes = (deps: OperationsDeps): readonly Route<QwickPrincipal>[] => [
  listRoute(deps),
  exportRoute(deps, createTenantSlots({ atOnce: EXPORTS_AT_ONCE, busy: 'signing.exports_busy', retryAfter: 5 })),
  detailRoute(deps),
];
