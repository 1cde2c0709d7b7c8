/** Signatures of Standard Webhooks 1.0: HMAC-SHA-256 (`v1`) and Ed25519 (`v1a`) over `id.timestamp.body`. */
import { createHmac, createPrivateKey, createPublicKey, randomBytes, sign as signWith, type KeyObject } from 'node:crypto';
import type { OpenWebhookKeys, WebhookSignatures } from '../../application/delivery/ports.ts';

const BYTES = 32;
/** PKCS #8 of an Ed25519 private key (RFC 8410, 7), up to its 32 bytes. */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

const privateKeyOf = (seed: Uint8Array): KeyObject => createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });

const publicKeyOf = (seed: Uint8Array): Uint8Array => createPublicKey(privateKeyOf(seed)).export({ format: 'der', type: 'spki' }).subarray(-BYTES);

const signaturesUnder = ({ secret, seed }: OpenWebhookKeys, signed: Buffer): readonly string[] => [
  `v1,${createHmac('sha256', secret).update(signed).digest('base64')}`,
  `v1a,${signWith(null, signed, privateKeyOf(seed)).toString('base64')}`,
];

export const webhookSignatures: WebhookSignatures = {
  make: () => {
    const seed = randomBytes(BYTES);
    return { secret: randomBytes(BYTES), seed, publicKey: publicKeyOf(seed) };
  },
  sign: (keys, { id, timestamp, body }) => {
    const signed = Buffer.from(`${id}.${timestamp}.${body}`);
    return keys.flatMap((one) => signaturesUnder(one, signed)).join(' ');
  },
};
