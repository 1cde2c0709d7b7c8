/** KMAC256 (NIST SP 800-185) and SHA3-256 (FIPS 202) for the fingerprints of licences. OpenSSL's KMAC cannot be reached from Node: @noble/hashes has it. */
import { kmac256 } from '@noble/hashes/sha3-addons.js';
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { FingerprintHashes, KeyedHash } from '../../application/licensing/ports.ts';

const KEY_BYTES = 32;

type Started = ReturnType<typeof kmac256.create>;

/** Key and customization string are the first two of three blocks: they are taken in once, and what they leave is copied for each message. */
const keyed = (key: Uint8Array): KeyedHash => {
  const started = new Map<string, Started>();
  const begin = (customization: string, bytes: number): Started => {
    const name = `${bytes} ${customization}`;
    const known = started.get(name) ?? kmac256.create(secret, { dkLen: bytes, personalization: Buffer.from(customization, 'utf8') });
    started.set(name, known);
    return known.clone();
  };
  const secret = Uint8Array.from(key);
  return (customization, message, bytes) => begin(customization, bytes).update(Buffer.from(message, 'utf8')).digest();
};

export const fingerprintHashes: FingerprintHashes = {
  newKey: () => randomBytes(KEY_BYTES),
  keyed,
  digest: (bytes, text) => createHash('sha3-256').update(bytes).update(text, 'utf8').digest('hex'),
  equal: (one, other) => {
    const [first, second] = [Buffer.from(one, 'utf8'), Buffer.from(other, 'utf8')];
    return first.length === second.length && timingSafeEqual(first, second);
  },
};
