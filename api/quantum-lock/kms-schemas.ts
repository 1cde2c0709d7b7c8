/** The shapes of the KMS: each the source of its type, its validation and its place in the OpenAPI document. */
import Type from 'typebox';
import { KMS_ALGORITHMS } from '../kernel/kms-algorithms.ts';

/** Bytes that are signed at most in one request. */
export const MOST_DATA = 262_144;
/** What base64 makes of them. */
const MOST_BASE64 = Math.ceil(MOST_DATA / 3) * 4;
/** Data, and the rest of the request around it. */
export const SIGN_BODY_BYTES = MOST_BASE64 + 65_536;
/** A signature may be anything, and as long. */
export const VERIFY_BODY_BYTES = 2 * MOST_BASE64 + 65_536;

const base64 = (description: string) => Type.String({ maxLength: MOST_BASE64, description: `${description} in Base64 (RFC 4648, section 4)`, example: 'aGVsbG8=' });
const moment = (description: string) => Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}Z$', description, example: '2025-06-15T10:30:00Z' });
const keyId = (options: object = {}) => Type.String({ minLength: 1, maxLength: 200, description: 'Key ID', ...options });
const algorithm = (options: object = {}) => Type.Enum([...KMS_ALGORITHMS], { description: 'Signing algorithm; Ed25519 may be written either way, and is answered as ED25519', ...options });

const asked = { data: base64(`Data (at most ${MOST_DATA} bytes)`), key_id: keyId({ default: 'default' }), algorithm: algorithm({ default: 'ML-DSA-65' }) };
const answered = { key_id: keyId(), algorithm: algorithm(), data_hash: Type.String({ pattern: '^[0-9a-f]{64}$', description: 'SHA3-256 of the decoded data' }) };

export const SignBody = Type.Object(asked);
export const SignReply = Type.Object({ signature: Type.String({ description: 'Signature in Base64' }), ...answered, signed_at: moment('When it was signed, UTC') });

export const VerifyBody = Type.Object({ ...asked, signature: base64('Signature') });
export const VerifyReply = Type.Object({
  valid: Type.Boolean({ description: 'Whether it is the signature of any version of the key that is not retired' }),
  ...answered,
  verified_at: moment('When it was verified, UTC'),
});
