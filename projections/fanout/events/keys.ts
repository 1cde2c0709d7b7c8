/** What is told of KMS keys and their use: never what was signed, only its hash. */
import { SIGNATURE_ALGORITHMS } from '../../../domain/keys/algorithms.ts';
import type { KmsKeyEvent, KmsKeyName, KmsKeyVersion } from '../../../domain/keys/kms-key.events.ts';
import type { KmsDataSigned, KmsOperationEvent } from '../../../domain/keys/kms-operation.events.ts';
import { told, type PublicRows } from '../public-row.ts';
import { count, flag, hex, instant, nullable, shape, text, uuid, word } from '../shapes.ts';

const name = {
  key_id: text('The key'),
  algorithm: word(SIGNATURE_ALGORITHMS, 'The algorithm'),
  service: nullable(text('A service by the name of its credential'), 'The service that a default key was made for; null: all services of the tenant'),
};
const nameOf = ({ keyId, algorithm, service }: KmsKeyName) => ({ key_id: keyId, algorithm, service });

const version = {
  ...name,
  version: count('The version, from 1'),
  kid: text('RFC 7638 thumbprint of the public key'),
  public_key: text('The public key: raw, base64url'),
  origin: word(['generated', 'imported'], 'Where the key comes from'),
  has_private_key: flag('False when only the public key was imported'),
};
const versionOf = (data: KmsKeyName & KmsKeyVersion) => ({
  ...nameOf(data),
  version: data.version,
  kid: data.kid,
  public_key: data.publicKey,
  origin: data.origin,
  has_private_key: data.seed !== null,
});

const operation = {
  key_id: text('The key'),
  algorithm: word(SIGNATURE_ALGORITHMS, 'The algorithm'),
  service: text('The service that asked, by the name of its credential'),
  credential_id: uuid('That credential'),
  data_sha3_256: hex('SHA3-256 of the data'),
  signature_sha3_256: hex('SHA3-256 of the signature'),
};
const operationOf = (data: Omit<KmsDataSigned['data'], 'kid' | 'signedAt'>) => ({
  key_id: data.keyId,
  algorithm: data.algorithm,
  service: data.service,
  credential_id: data.credentialId,
  data_sha3_256: data.dataHash,
  signature_sha3_256: data.signatureHash,
});

export const keysRows: PublicRows<KmsKeyEvent | KmsOperationEvent> = {
  KmsKeyCreated: told({
    type: 'chancery.keys.key.created',
    summary: 'A KMS key was made or imported.',
    schema: shape({ ...version, created_at: instant('When') }),
    subject: (data) => data.keyId,
    data: (data) => ({ ...versionOf(data), created_at: data.createdAt }),
  }),
  KmsKeyRotated: told({
    type: 'chancery.keys.key.rotated',
    summary: 'A KMS key has a new version, which signs from now on.',
    schema: shape({ ...version, rotated_at: instant('When') }),
    subject: (data) => data.keyId,
    data: (data) => ({ ...versionOf(data), rotated_at: data.rotatedAt }),
  }),
  KmsKeyVersionRetired: told({
    type: 'chancery.keys.key_version.retired',
    summary: 'A version of a KMS key is retired: its signatures verify no more.',
    schema: shape({ ...name, version: count('The version'), kid: version.kid, retired_at: instant('When') }),
    subject: (data) => data.keyId,
    data: (data) => ({ ...nameOf(data), version: data.version, kid: data.kid, retired_at: data.retiredAt }),
  }),
  KmsDataSigned: told({
    type: 'chancery.keys.data.signed',
    summary: 'A service had data signed.',
    schema: shape({ ...operation, kid: text('Thumbprint of the version that signed'), signed_at: instant('When') }),
    subject: (data) => data.keyId,
    data: (data) => ({ ...operationOf(data), kid: data.kid, signed_at: data.signedAt }),
  }),
  KmsSignatureVerified: told({
    type: 'chancery.keys.signature.verified',
    summary: 'A service asked whether a signature is valid, and was told.',
    schema: shape({
      ...operation,
      kid: nullable(text('Thumbprint'), 'The version under which the signature is valid; null: none'),
      valid: flag('What it was told'),
      verified_at: instant('When'),
    }),
    subject: (data) => data.keyId,
    data: (data) => ({ ...operationOf(data), kid: data.kid, valid: data.valid, verified_at: data.verifiedAt }),
  }),
};
