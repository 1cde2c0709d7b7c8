/** The PKI of a program, but for the making of RSA keys, a tenth of a second each: the specs of a process share a few. */
import type { KeyMaterial, Pki } from '../../application/authorities/ports.ts';
import { createLocalPki } from '../../infrastructure/pki/certificates.ts';

/** More than any test has at once: within a test they are all different. */
const KEYS = 16;

const pki = createLocalPki();
const made: Promise<KeyMaterial>[] = [];
let taken = 0;

const sharedKeys: Pki['generateKeys'] = async (algorithm) => {
  if (algorithm !== 'rsa-3072') return pki.generateKeys(algorithm);
  const place = taken % KEYS;
  taken += 1;
  const { privateKey, publicKey } = await (made[place] ??= pki.generateKeys(algorithm));
  // Whoever has made keys wipes them.
  return { privateKey: Uint8Array.from(privateKey), publicKey: Uint8Array.from(publicKey) };
};

export const createSharedKeysPki = (): Pki => ({ ...pki, generateKeys: sharedKeys });
