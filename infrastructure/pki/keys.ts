/** Key pairs and signatures, all on the thread pool: nothing here holds up the event loop. */
import { createPrivateKey, createPublicKey, generateKeyPair, randomBytes, sign, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { KeyAlgorithm, KeyMaterial, SigningKey } from '../../application/authorities/ports.ts';

const generate = promisify(generateKeyPair);

const RSA_BITS = 3072;
const PKCS8 = { type: 'pkcs8', format: 'der' } as const;
const SPKI = { type: 'spki', format: 'der' } as const;

/** A new key pair as DER: PKCS#8 and SubjectPublicKeyInfo. */
export const generateKeys = async (algorithm: KeyAlgorithm): Promise<KeyMaterial> => {
  const pair = algorithm === 'rsa-3072'
    ? await generate('rsa', { modulusLength: RSA_BITS, publicExponent: 0x1_00_01 })
    : await generate('ec', { namedCurve: 'P-256' });
  return { privateKey: pair.privateKey.export(PKCS8), publicKey: pair.publicKey.export(SPKI) };
};

const SERIAL_OCTETS = 16;

/** 126 random bits, positive, always sixteen octets: unique without a register (RFC 5280 4.1.2.2 allows twenty). */
export const randomSerial = (): Buffer => {
  const serial = randomBytes(SERIAL_OCTETS);
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return serial;
};

const signAsync = async (key: KeyObject, data: Uint8Array): Promise<Buffer> =>
  new Promise((resolve, refuse) => {
    sign('sha256', data, key, (error, signature) => {
      if (error === null) resolve(signature);
      else refuse(error);
    });
  });

const algorithmOf = (key: KeyObject): KeyAlgorithm => {
  if (key.asymmetricKeyType === 'rsa') return 'rsa-3072';
  if (key.asymmetricKeyType === 'ec') return 'ecdsa-p256';
  throw new Error(`keys of type ${String(key.asymmetricKeyType)} are not used here`);
};

/** A private key in memory; `object` is for what needs the key itself (certificates, CRLs). */
export type LocalKey = SigningKey & Readonly<{ object: KeyObject }>;

export const importPrivateKey = (pkcs8: Uint8Array): LocalKey => {
  const object = createPrivateKey({ key: Buffer.from(pkcs8), ...PKCS8 });
  return { algorithm: algorithmOf(object), object, sign: async (data) => signAsync(object, data) };
};

export const importPublicKey = (spki: Uint8Array): KeyObject => createPublicKey({ key: Buffer.from(spki), ...SPKI });
