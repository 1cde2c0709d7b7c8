/** The shapes of KMS keys in requests and answers. */
import Type from 'typebox';
import { KMS_ALGORITHMS } from '../kernel/kms-algorithms.ts';
import { PageQuery } from './page.ts';

const strict = { additionalProperties: false } as const;
const slug = () => Type.String({ minLength: 1, maxLength: 100, description: 'The tenant, by its slug' });
const keyId = () => Type.String({ minLength: 1, maxLength: 100, description: 'The key' });
const algorithm = (description: string) => Type.Enum([...KMS_ALGORITHMS], { description });
const service = () => Type.String({ minLength: 1, maxLength: 200, pattern: '^[^\\p{Cc}\\p{Cs}]+$', 'x-expected': 'text without control characters and lone surrogates', description: 'The service whose own default key is meant, by the name of its credential; without it the key that all services share' });
const instant = (description: string) => Type.String({ format: 'date-time', description: `${description}; RFC 3339` });

export const KmsKeyParams = Type.Object({ slug: slug(), key_id: keyId() });
export const KmsVersionParams = Type.Object({
  slug: slug(),
  key_id: keyId(),
  version: Type.String({ pattern: '^[1-9][0-9]{0,8}$', 'x-expected': 'a version number, from 1', description: 'The version, from 1' }),
});
export const KmsKeysQuery = PageQuery;

const WHICH = 'Needed where the key exists for several';

export const PublicKeysQuery = Type.Object({
  algorithm: Type.Optional(algorithm('Only keys of this algorithm')),
  service: Type.Optional(service()),
});

export const CreateKmsKeyBody = Type.Object(
  {
    key_id: Type.String({ maxLength: 100, description: '1 to 100 letters, digits, dots, hyphens and underscores, beginning with a letter or digit' }),
    algorithm: algorithm('What it signs with'),
    public_key: Type.Optional(Type.String({ maxLength: 4_000, description: 'An existing public key, raw bytes in base64 or base64url: the key verifies, and signs nothing' })),
    seed: Type.Optional(Type.String({ maxLength: 100, description: 'An existing private key, its 32 bytes in base64 or base64url; a new one is made without' })),
  },
  strict,
);

export const KeyChoiceBody = Type.Object({ algorithm: Type.Optional(algorithm(WHICH)), service: Type.Optional(service()) }, strict);

const VersionReply = Type.Object(
  {
    version: Type.Integer({ description: 'From 1' }),
    kid: Type.String({ description: 'RFC 7638 thumbprint of the public key' }),
    status: Type.Enum(['signing', 'verifying', 'retired'], { description: 'What it still does' }),
    origin: Type.Enum(['generated', 'imported'], { description: 'Where it is from' }),
    created_at: instant('When it was made'),
    retired_at: Type.Union([Type.String({ format: 'date-time' }), Type.Null()], { description: 'When it was retired; RFC 3339' }),
  },
  { description: 'A version of a key' },
);

export const KmsKeyReply = Type.Object(
  {
    key_id: keyId(),
    algorithm: algorithm('What it signs with'),
    service: Type.Union([Type.String(), Type.Null()], { description: 'The service whose own default key it is; null: all services of the tenant may use it' }),
    can_sign: Type.Boolean({ description: 'false where only the public key is here' }),
    created_at: instant('When it was made'),
    versions: Type.Array(VersionReply, { description: 'Newest first' }),
  },
  { description: 'A key of the KMS' },
);

const jwk = { kid: Type.String({ description: 'RFC 7638 thumbprint' }), use: Type.Literal('sig'), purpose: Type.Literal('kms') };

export const JwksReply = Type.Object(
  {
    keys: Type.Array(
      Type.Union([
        Type.Object({ kty: Type.Literal('AKP'), alg: Type.Enum(['ML-DSA-65', 'ML-DSA-87']), pub: Type.String({ description: 'base64url' }), ...jwk }, { description: 'RFC 9964' }),
        Type.Object({ kty: Type.Literal('OKP'), crv: Type.Literal('Ed25519'), alg: Type.Literal('Ed25519'), x: Type.String({ description: 'base64url' }), ...jwk }, { description: 'RFC 8037' }),
      ]),
      { description: 'Every version that is not retired, newest first' },
    ),
  },
  { description: 'A JWK set (RFC 7517)' },
);
