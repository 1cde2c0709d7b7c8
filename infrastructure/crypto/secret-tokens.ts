/** Secrets that programs and browsers present: random, compared by their hashes. */
import { hash as hashOf, randomBytes, timingSafeEqual } from 'node:crypto';
import type { SecretTokens } from '../../application/tenancy/ports.ts';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const CHARACTERS = 32;
/** The largest multiple of the alphabet's size that fits a byte: bytes from there on would favour its first letters. */
const FAIR = 256 - (256 % ALPHABET.length);

/** 32 letters and digits, 5.95 bits each. */
const randomText = (): string => {
  let text = '';
  while (text.length < CHARACTERS) {
    for (const byte of randomBytes(CHARACTERS)) if (byte < FAIR && text.length < CHARACTERS) text += ALPHABET.charAt(byte % ALPHABET.length);
  }
  return text;
};

const digest = (text: string): Buffer => hashOf('sha256', text, 'buffer');

/** Of hashes, whose length is no secret. */
const sameHash = (one: string, other: string): boolean => {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
};

/** Whether two texts are equal, in a time that tells nothing of either. */
export const sameSecret = (one: string, other: string): boolean => timingSafeEqual(digest(one), digest(other));

export const secretTokens: SecretTokens = {
  make: (prefix) => prefix + randomText(),
  hash: (secret) => hashOf('sha256', secret, 'base64url'),
  same: sameHash,
};
