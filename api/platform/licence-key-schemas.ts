/** The shapes of the keys that sign offline licences. */
import Type from 'typebox';
import { LICENCE_SIGNING_ALGORITHMS } from '../../domain/licensing/signing-keys.ts';

const strict = { additionalProperties: false } as const;
const algorithm = (description: string) => Type.Enum([...LICENCE_SIGNING_ALGORITHMS], { description });

export const RotateLicenceKeysBody = Type.Object({ algorithm: Type.Optional(algorithm('Only the key of this algorithm; both without')) }, strict);

const kid = () => Type.String({ description: 'RFC 7638 thumbprint' });
const jwk = {
  kid: kid(),
  use: Type.Literal('sig'),
  purpose: Type.Literal('licence'),
  added_at: Type.String({ format: 'date-time', description: 'When it was made; RFC 3339' }),
};
const signing = () => Type.Union([kid(), Type.Null()]);

export const LicenceKeysReply = Type.Object(
  {
    audience: Type.String({ description: 'The tenant\'s id: the `aud` of what the keys sign' }),
    signing: Type.Object({ 'ML-DSA-65': signing(), Ed25519: signing() }, { description: 'The key of each algorithm that signs now; null: it is made when it is needed' }),
    keys: Type.Array(
      Type.Union([
        Type.Object({ kty: Type.Literal('AKP'), alg: Type.Literal('ML-DSA-65'), pub: Type.String({ description: 'base64url' }), ...jwk }, { description: 'RFC 9964' }),
        Type.Object({ kty: Type.Literal('OKP'), crv: Type.Literal('Ed25519'), alg: Type.Literal('Ed25519'), x: Type.String({ description: 'base64url' }), ...jwk }, { description: 'RFC 8037' }),
      ]),
      { description: 'Every key there ever was, oldest first: what they have signed stays valid' },
    ),
  },
  { description: 'A JWK set (RFC 7517), to be shipped with programs that check licences offline' },
);
