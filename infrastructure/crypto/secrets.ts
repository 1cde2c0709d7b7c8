/**
 * Envelope encryption of secrets. Each secret has a data key of its own, which travels in the box under the tenant key:
 * base64url of `format (1) ‖ wrapped data key (60) ‖ sealed value`.
 */
import { randomBytes } from 'node:crypto';
import type { Place, Secrets } from '../../application/kernel/sealing.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import { KEY_BYTES, open, OVERHEAD_BYTES, seal, toKey, type Binding } from './aead.ts';
import type { Keyring, WrappingKey } from './keyring.ts';

const FORMAT = 1;
const WRAPPED_BYTES = KEY_BYTES + OVERHEAD_BYTES;

const bindings = ({ tenant, place }: Place, by: WrappingKey): Readonly<{ key: Binding; value: Binding }> => ({
  key: { tenant, place: `${place}#data-key`, key: by.id, version: by.version },
  value: { tenant, place: `${place}#value`, key: by.id, version: by.version },
});

export const createSecrets = (keyring: Keyring): Secrets => ({
  seal: async (place, plaintext) => {
    const by = await keyring.current(place.tenant);
    const bound = bindings(place, by);
    const dataKey = randomBytes(KEY_BYTES);
    const wrapped = seal(by.key, bound.key, dataKey);
    const value = seal(toKey(dataKey), bound.value, plaintext);
    return { tenantKey: by.version, box: Buffer.concat([Buffer.of(FORMAT), wrapped, value]).toString('base64url') };
  },

  open: async (place, { tenantKey, box }) => {
    const bytes = Buffer.from(box, 'base64url');
    if (bytes[0] !== FORMAT || bytes.length < 1 + WRAPPED_BYTES) throw new Rejection('kernel.seal_broken');
    const by = await keyring.version(place.tenant, tenantKey);
    const bound = bindings(place, by);
    const dataKey = toKey(open(by.key, bound.key, bytes.subarray(1, 1 + WRAPPED_BYTES)));
    return open(dataKey, bound.value, bytes.subarray(1 + WRAPPED_BYTES));
  },
});
