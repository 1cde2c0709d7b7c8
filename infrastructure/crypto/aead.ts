/**
 * The one cipher of everything at rest: AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce for each box and the
 * place of the box as associated data, so that a ciphertext moved elsewhere does not open.
 *
 * A box is `nonce (12) ‖ ciphertext ‖ tag (16)`.
 */
import { createCipheriv, createDecipheriv, createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import { Rejection } from '../../domain/kernel/rejection.ts';

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
export const KEY_BYTES = 32;
/** What a box is longer than its plaintext. */
export const OVERHEAD_BYTES = NONCE_BYTES + TAG_BYTES;

/** What a box is bound to; `key` and `version` are those of the key that closes it. */
export type Binding = Readonly<{ tenant: string; place: string; key: string; version: number }>;

/** RFC 8785 of a flat object: members in order of their names, no white space. */
const associatedData = ({ tenant, place, key, version }: Binding): Buffer =>
  Buffer.from(JSON.stringify({ key, place, tenant, version }), 'utf8');

/** Takes the bytes into memory that JavaScript cannot reach, and wipes where they came from. */
export const toKey = (bytes: Uint8Array): KeyObject => {
  try {
    if (bytes.length !== KEY_BYTES) throw new Rejection('kernel.seal_broken');
    return createSecretKey(bytes);
  } finally {
    bytes.fill(0);
  }
};

export const seal = (key: KeyObject, binding: Binding, plaintext: Uint8Array): Buffer => {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(associatedData(binding));
  return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
};

/** Throws `kernel.seal_broken` when key, binding or a single bit differs. */
export const open = (key: KeyObject, binding: Binding, box: Uint8Array): Buffer => {
  if (box.length < OVERHEAD_BYTES) throw new Rejection('kernel.seal_broken');
  try {
    const decipher = createDecipheriv(ALGORITHM, key, box.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
    decipher.setAAD(associatedData(binding));
    decipher.setAuthTag(box.subarray(box.length - TAG_BYTES));
    const start = decipher.update(box.subarray(NONCE_BYTES, box.length - TAG_BYTES));
    decipher.final();
    return start;
  } catch {
    throw new Rejection('kernel.seal_broken');
  }
};
