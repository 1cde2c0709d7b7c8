/** POST /sign-digest */
import type { Static } from 'typebox';
import { POLICY_REFUSALS } from '../../../domain/signing/judge.ts';
import { checkSignRequest, type SignDigest } from '../../../application/signing/sign-digest.ts';
import type { SignRequest, SignResult } from '../../../application/signing/sign-request.ts';
import { defineRoute, type ApiRequest } from '../../kernel/route.ts';
import { identified, type QwickPrincipal } from '../principal.ts';
import { SignDigestBody, SignDigestReply } from '../schemas.ts';

type Body = Static<typeof SignDigestBody>;
type Request = ApiRequest<QwickPrincipal, unknown, unknown, Body>;

/** What the schema cannot say, said before permissions are looked at. */
export const checkBody = ({ principal, body }: Pick<Request, 'principal' | 'body'>): void =>
  checkSignRequest(identified(principal), {
    fileName: body.file_name,
    ...(body.file_kind && { fileKind: body.file_kind }),
    ...(body.client_channel && { clientChannel: body.client_channel }),
    ...(body.reason && { reason: body.reason }),
  });

const signRequest = ({ body, ip, commandId, signal }: Request): SignRequest => ({
  commandId,
  digest: Buffer.from(body.digest, 'base64'),
  fileName: body.file_name,
  fileSize: body.file_size,
  ip,
  signal,
  ...(body.await_result === true && { awaitResult: true }),
  ...(body.file_kind && { fileKind: body.file_kind }),
  ...(body.batch_id && { batchId: body.batch_id.toLowerCase() }),
  ...(body.reason && { reason: body.reason }),
  ...(body.client_channel && { clientChannel: body.client_channel }),
  ...(body.client_version && { clientVersion: body.client_version }),
});

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

const reply = ({ operationId, signed, signedAt }: SignResult): Static<typeof SignDigestReply> => ({
  operation_id: operationId,
  signature: base64(signed.pkcs7),
  certificate_chain: signed.certificateChain.map(base64),
  timestamp: signed.timestamp,
  signed_at: signedAt,
});

export const signDigestRoute = (signDigest: SignDigest) =>
  defineRoute<QwickPrincipal, undefined, undefined, typeof SignDigestBody>({
    method: 'POST',
    path: '/api/v1/sign-digest',
    operationId: 'signDigest',
    summary: 'Sign a pre-computed Authenticode digest',
    description:
      'Returns a PKCS#7 signature blob with an RFC 3161 timestamp. The digest is the Authenticode hash of the file (without checksum, certificate table entry and certificate table), not the hash of all its bytes.',
    tags: ['Signing'],
    permission: 'sign',
    body: SignDigestBody,
    bodyExample: {
      digest: 'n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=',
      algorithm: 'sha256',
      file_name: 'MyApp.exe',
      file_size: 2_048_576,
      organization_slug: 'acme-corp',
      client_channel: 'cli',
      client_version: '1.2.0',
    },
    replies: { 200: { description: 'Signed', schema: SignDigestReply } },
    rejections: [
      'signing.forbidden',
      'signing.organization_not_found',
      'signing.subscription_cancelled',
      ...POLICY_REFUSALS,
      'signing.limit_reached',
      'signing.free_limit_reached',
      'signing.queue_timeout',
      'signing.operation_timed_out',
      'signing.certificate_revoked',
      'signing.backend_provisioning',
      'signing.backend_failed',
      'signing.backend_transient',
    ],
    handle: async (request) => {
      const result = await signDigest(identified(request.principal), signRequest(request), request.cause);
      return { status: 200, body: reply(result) };
    },
  });
