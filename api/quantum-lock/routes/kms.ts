/** POST /kms/sign and /kms/verify: for services. */
import type { Static } from 'typebox';
import type { Kms, ToSign } from '../../../application/keys/kms.ts';
import { rejectFields } from '../../../domain/kernel/rejection.ts';
import { fromBase64 } from '../../kernel/base64.ts';
import { algorithmOf, nameOfAlgorithm } from '../../kernel/kms-algorithms.ts';
import { defineRoute, type Route } from '../../kernel/route.ts';
import { MOST_DATA, SIGN_BODY_BYTES, SignBody, SignReply, VERIFY_BODY_BYTES, VerifyBody, VerifyReply } from '../kms-schemas.ts';
import { identified, type LockPrincipal } from '../principal.ts';

export type KmsDeps = Readonly<{ kms: Kms }>;

const common = { method: 'POST', tags: ['KMS'], permission: 'kms' } as const;

const dataOf = (text: string): Buffer => {
  const data = fromBase64('data', text);
  return data.length > MOST_DATA ? rejectFields({ data: `must be at most ${MOST_DATA} bytes` }) : data;
};

const askedOf = (body: Static<typeof SignBody>): ToSign => ({ keyId: body.key_id, algorithm: algorithmOf(body.algorithm), data: dataOf(body.data) });

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
/** The document's form: UTC, in seconds, with a Z. */
const inSeconds = (instant: string): string => `${instant.slice(0, 19)}Z`;

const signRoute = ({ kms }: KmsDeps) =>
  defineRoute<LockPrincipal, undefined, undefined, typeof SignBody>({
    ...common,
    path: '/api/v1/kms/sign',
    operationId: 'kmsSign',
    summary: 'Sign data (M2M)',
    description:
      'Pure ML-DSA (FIPS 204) with an empty context, hedged, or Ed25519 (RFC 8032), over the decoded data. The key `default` is there for every service and algorithm; other keys are made through the platform API.',
    body: SignBody,
    bodyExample: { data: 'aGVsbG8=', key_id: 'default', algorithm: 'ML-DSA-65' },
    maxBodyBytes: SIGN_BODY_BYTES,
    replies: { 200: { description: 'Signed, and recorded', schema: SignReply } },
    rejections: ['keys.key_not_found', 'keys.public_only'],
    handle: async ({ principal, body, cause }) => {
      const asked = askedOf(body);
      const { signature, signedAt, dataHash } = await kms.sign(identified(principal), asked, cause);
      const reply: Static<typeof SignReply> = {
        signature: base64(signature), key_id: asked.keyId, algorithm: nameOfAlgorithm(asked.algorithm), signed_at: inSeconds(signedAt), data_hash: dataHash,
      };
      return { status: 200, body: reply };
    },
  });

const verifyRoute = ({ kms }: KmsDeps) =>
  defineRoute<LockPrincipal, undefined, undefined, typeof VerifyBody>({
    ...common,
    path: '/api/v1/kms/verify',
    operationId: 'kmsVerify',
    summary: 'Verify a signature (M2M)',
    description: 'A signature that is wrong, of whatever length, is `valid: false`; one that is not Base64 is a bad request. Every version of the key that is not retired counts.',
    body: VerifyBody,
    bodyExample: { data: 'aGVsbG8=', signature: 'c2lnbmF0dXJl', key_id: 'default', algorithm: 'ML-DSA-65' },
    maxBodyBytes: VERIFY_BODY_BYTES,
    replies: { 200: { description: 'Judged, and recorded', schema: VerifyReply } },
    rejections: ['keys.key_not_found'],
    handle: async ({ principal, body, cause }) => {
      const asked = { ...askedOf(body), signature: fromBase64('signature', body.signature) };
      const { valid, verifiedAt, dataHash } = await kms.verify(identified(principal), asked, cause);
      const reply: Static<typeof VerifyReply> = {
        valid, key_id: asked.keyId, algorithm: nameOfAlgorithm(asked.algorithm), verified_at: inSeconds(verifiedAt), data_hash: dataHash,
      };
      return { status: 200, body: reply };
    },
  });

export const kmsRoutes = (deps: KmsDeps): readonly Route<LockPrincipal>[] => [signRoute(deps), verifyRoute(deps)];
