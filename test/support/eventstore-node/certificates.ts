/** A certificate authority for one test, and a server's certificate by it. */
import 'reflect-metadata';
import { BasicConstraintsExtension, cryptoProvider, PemConverter, SubjectAlternativeNameExtension, X509CertificateGenerator, type X509Certificate } from '@peculiar/x509';
import { webcrypto } from 'node:crypto';

export type ServerCertificate = Readonly<{ key: string; certificate: string; authority: string }>;

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

type Keys = webcrypto.CryptoKeyPair;

const newKeys = async (): Promise<Keys> => webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);

const authorityFor = async (keys: Keys): Promise<X509Certificate> =>
  X509CertificateGenerator.createSelfSigned({ name: 'CN=Test authority', keys, signingAlgorithm: ALGORITHM, extensions: [new BasicConstraintsExtension(true, 0, true)] });

/** For localhost (clients take no bare address over TLS) and 127.0.0.1; all PEM texts. */
export const makeServerCertificate = async (): Promise<ServerCertificate> => {
  cryptoProvider.set(webcrypto);
  const [own, root] = [await newKeys(), await newKeys()];
  const authority = await authorityFor(root);
  const certificate = await X509CertificateGenerator.create({
    subject: 'CN=localhost', issuer: authority.subject, publicKey: own.publicKey, signingKey: root.privateKey, signingAlgorithm: ALGORITHM,
    extensions: [new BasicConstraintsExtension(false), new SubjectAlternativeNameExtension([{ type: 'dns', value: 'localhost' }, { type: 'ip', value: '127.0.0.1' }])],
  });
  const key = PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', own.privateKey), 'PRIVATE KEY');
  return { key, certificate: certificate.toString('pem'), authority: authority.toString('pem') };
};
