/** GET /tenants/{slug}/recall: every operation made with a certificate or a credential, or by a person. */
import type { Static } from 'typebox';
import type { Access } from '../../../application/tenancy/access.ts';
import { rejectFields } from '../../../domain/kernel/rejection.ts';
import { serialNumber } from '../../../domain/signing/serial-number.ts';
import type { Recall, RecalledOperation, RecallQuestion } from '../../../projections/signing/recall.ts';
import type { MemberDirectory } from '../../../projections/tenancy/member-directory.ts';
import { boundOf, checkRange } from '../../kernel/bounds.ts';
import { defineRoute } from '../../kernel/route.ts';
import { answerPage } from '../page.ts';
import type { PlatformPrincipal } from '../principal.ts';
import { RecallQuery, RecallReply, type RecalledReply } from '../recall-schemas.ts';
import { SlugParams } from '../schemas.ts';
import { tenantOfPath } from './members.ts';

export type RecallDeps = Readonly<{ recall: Recall; directory: Pick<MemberDirectory, 'emails'>; access: Pick<Access, 'tenantBySlug'> }>;

type Asked = Static<typeof RecallQuery>;
type Shown = Static<typeof RecalledReply>;
type Answer = Static<typeof RecallReply>;

const SHA256_DIGITS = 64;

/** As hashes are stored: lower case, without what tools put in between. */
const plainHex = (hex: string): string => hex.replaceAll(':', '').toLowerCase();

const subjectOf = ({ certificate, api_key: credential, actor }: Asked): Pick<RecallQuestion, 'by' | 'value'> => {
  const named = [certificate, credential, actor].filter((value) => value !== undefined);
  if (named.length !== 1) return rejectFields({ certificate: 'name exactly one of certificate, api_key and actor' });
  if (certificate !== undefined) {
    const digits = plainHex(certificate);
    return digits.length === SHA256_DIGITS ? { by: 'certificateSha256', value: digits } : { by: 'certificateNumber', value: serialNumber(digits) };
  }
  return credential !== undefined ? { by: 'credentialId', value: credential.toLowerCase() } : { by: 'actorUserId', value: (actor ?? '').toLowerCase() };
};

const questionOf = (asked: Asked): RecallQuestion => {
  const from = asked.from === undefined ? undefined : boundOf('from', 'from', asked.from);
  const to = asked.to === undefined ? undefined : boundOf('to', 'to', asked.to);
  checkRange(from, to, 'to');
  return { ...subjectOf(asked), ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
};

const certificateOf = ({ certificateSerial: serial, certificateSha256: sha256 }: RecalledOperation): Shown['certificate'] =>
  serial === null || sha256 === null ? null : { serial, sha256 };

const show = (operation: RecalledOperation, emails: ReadonlyMap<string, string>): Shown => ({
  operation_id: operation.id,
  status: operation.status,
  actor_user_id: operation.actorUserId,
  actor_email: emails.get(operation.actorUserId) ?? null,
  api_key: operation.credentialId,
  source: operation.source,
  file_name: operation.fileName,
  file_size: operation.fileSize,
  file_hash: operation.fileHash,
  batch_id: operation.batchId,
  certificate: certificateOf(operation),
  pkcs7_sha256: operation.pkcs7Sha256,
  signed_at: operation.signedAt,
  created_at: operation.createdAt,
});

export const recallRoute = ({ recall, directory, access }: RecallDeps) =>
  defineRoute<PlatformPrincipal, typeof SlugParams, typeof RecallQuery>({
    method: 'GET',
    path: '/v1/tenants/:slug/recall',
    operationId: 'recallSignings',
    summary: 'Find every operation made with a certificate or a credential, or by a person',
    description:
      'Complete up to `to_position`, which is the end of the log at the moment of asking: no signature leaves before its completion is recorded. Operations without a known signature are found by credential and person only.',
    tags: ['Recall'],
    permission: 'tenant',
    params: SlugParams,
    query: RecallQuery,
    replies: { 200: { description: 'The operations, oldest first', schema: RecallReply } },
    rejections: ['tenancy.tenant_unknown', 'tenancy.forbidden'],
    handle: async ({ params, query }) => {
      const { id } = await tenantOfPath(access, params.slug);
      const question = questionOf(query);
      let about: Pick<Answer, 'count' | 'to_position'> = { count: 0, to_position: null };
      let emails: ReadonlyMap<string, string> = new Map();
      const { body } = await answerPage(
        `recall ${Object.values(question).join(' ')}`,
        query,
        async (page) => {
          const answer = await recall(id, question, page);
          about = { count: answer.page.total ?? 0, to_position: answer.toPosition ?? null };
          emails = await directory.emails(id, answer.page.items.map(({ actorUserId }) => actorUserId));
          return answer.page;
        },
        (operation: RecalledOperation) => show(operation, emails),
      );
      return { status: 200, body: { items: body.items, ...about, next_cursor: body.next_cursor, limit: body.limit } satisfies Answer };
    },
  });
