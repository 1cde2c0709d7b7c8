/** Keys and certificates made in this process. */
import type { Pki } from '../../application/authorities/ports.ts';
import { generateKeys, importPrivateKey, randomSerial } from './keys.ts';

/** What lays out certificates is loaded with the first of them: its 170 modules would be a tenth of each start, and a start makes none. */
const layouts = () => import('./x509-layouts.ts');

export const createLocalPki = (): Pki => ({
  generateKeys,
  newSerial: () => randomSerial().toString('hex'),
  importKey: importPrivateKey,
  certificate: async (request, issuer) => (await layouts()).certificate(request, issuer),
  crl: async (request, issuer) => (await layouts()).crl(request, issuer),
});
