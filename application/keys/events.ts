/** The catalogue rows of the keys context. */
import Type from 'typebox';
import { SIGNATURE_ALGORITHMS } from '../../domain/keys/algorithms.ts';
import type { KmsKeyEvent } from '../../domain/keys/kms-key.events.ts';
import type { KmsOperationEvent } from '../../domain/keys/kms-operation.events.ts';
import { defineEvents, v1 } from '../kernel/event-catalogue.ts';

const strict = { additionalProperties: false } as const;
const Instant = Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$' });
const Kid = Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' });
const Hash = Type.String({ pattern: '^[0-9a-f]{64}$' });
const Text = Type.String({ minLength: 1, maxLength: 200 });
const Algorithm = Type.Enum([...SIGNATURE_ALGORITHMS]);
const SealedSecret = Type.Object({ tenantKey: Type.Integer(), box: Type.String() }, strict);

const name = { keyId: Text, algorithm: Algorithm, service: Type.Union([Text, Type.Null()]) };

const version = {
  ...name,
  version: Type.Integer({ minimum: 1 }),
  kid: Kid,
  publicKey: Type.String({ pattern: '^[A-Za-z0-9_-]+$' }),
  seed: Type.Union([SealedSecret, Type.Null()]),
  origin: Type.Union([Type.Literal('generated'), Type.Literal('imported')]),
  commandId: Type.String({ minLength: 1, maxLength: 100 }),
};

const operation = { keyId: Text, algorithm: Algorithm, service: Text, credentialId: Text, dataHash: Hash, signatureHash: Hash };

export const keysEvents = defineEvents<KmsKeyEvent | KmsOperationEvent>('keys', {
  KmsKeyCreated: v1(Type.Object({ ...version, createdAt: Instant }, strict)),
  KmsKeyRotated: v1(Type.Object({ ...version, rotatedAt: Instant }, strict)),
  KmsKeyVersionRetired: v1(Type.Object({ ...name, version: Type.Integer({ minimum: 1 }), kid: Kid, retiredAt: Instant }, strict)),
  KmsDataSigned: v1(Type.Object({ ...operation, kid: Kid, signedAt: Instant }, strict)),
  KmsSignatureVerified: v1(Type.Object({ ...operation, kid: Type.Union([Kid, Type.Null()]), valid: Type.Boolean(), verifiedAt: Instant }, strict)),
});
