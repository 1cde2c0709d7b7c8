/** What the authorities need of cryptography: keys, certificates and revocation lists as DER. */
import type { CertificateRequest } from '../../domain/authorities/certified-key.events.ts';
import type { ListedCertificate } from '../../domain/authorities/revocation-list.events.ts';

export type KeyAlgorithm = 'rsa-3072' | 'ecdsa-p256';

/** PKCS#8 and SubjectPublicKeyInfo, DER. */
export type KeyMaterial = Readonly<{ privateKey: Uint8Array; publicKey: Uint8Array }>;

/** A private key that signs and is never seen. RSA: PKCS #1 v1.5; both over SHA-256. */
export interface SigningKey {
  readonly algorithm: KeyAlgorithm;
  sign(data: Uint8Array): Promise<Uint8Array>;
}

/** A key with its certificate: `chain` is DER, its own certificate first, the root last. */
export type CertifiedSigner = Readonly<{ serial: string; chain: readonly Uint8Array[]; key: SigningKey }>;

export type CrlRequest = Readonly<{
  number: number;
  /** Milliseconds since 1970. */
  thisUpdate: number;
  nextUpdate: number;
  entries: readonly ListedCertificate[];
}>;

export interface Pki {
  generateKeys(algorithm: KeyAlgorithm): Promise<KeyMaterial>;
  /** Lower-case hex, positive, more than 64 bits of randomness. */
  newSerial(): string;
  importKey(pkcs8: Uint8Array): SigningKey;
  /** The same request and issuer give the same certificate, byte for byte. Without an issuer it is self-signed by `key`. */
  certificate(request: CertificateRequest, issuer: Readonly<{ key: SigningKey; certificate?: Uint8Array }>): Promise<Uint8Array>;
  crl(request: CrlRequest, issuer: CertifiedSigner): Promise<Uint8Array>;
}
