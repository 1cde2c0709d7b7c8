/** The shapes of offline licences and revocation bundles. */
import Type from 'typebox';
import { LICENCE_SIGNING_ALGORITHMS } from '../../domain/licensing/signing-keys.ts';
import { MOST_GRACE_DAYS } from '../../application/licensing/offline.ts';
import { time } from './schemas.ts';

const strict = { additionalProperties: false } as const;
const algorithm = (description: string, options: object = {}) => Type.Enum([...LICENCE_SIGNING_ALGORITHMS], { description, ...options });
const signedWith = () => algorithm('What to sign with', { default: 'ML-DSA-65' });
const kid = () => Type.String({ description: 'The key that signed, in `/.well-known/chancery-keys.json`: its RFC 7638 thumbprint' });
const position = (description: string) => Type.String({ description });

export const OfflineQuery = Type.Object(
  {
    algorithm: signedWith(),
    grace_days: Type.Integer({ minimum: 0, maximum: MOST_GRACE_DAYS, default: 0, description: 'For how many days after its end the license still works offline (0–90)' }),
  },
  strict,
);

export const OfflineReply = Type.Object({
  license: Type.String({ description: 'Compact JWS, `typ` qlk+jwt: what packages/license-verifier checks' }),
  kid: kid(),
  algorithm: algorithm('What signed'),
  issued_at: time(),
  valid_until: time(),
  grace_until: time({ description: 'When it stops working offline' }),
  position: position('Up to this place in the log the license was known as not revoked'),
});

export const BundleQuery = Type.Object(
  {
    since: Type.Optional(Type.String({ maxLength: 100, description: 'The `to` of an earlier bundle; or a time (ISO 8601, UTC unless it says otherwise), inclusive. Everything without' })),
    algorithm: signedWith(),
  },
  strict,
);

export const BundleReply = Type.Object({
  bundle: Type.String({ description: 'Compact JWS, `typ` qlk-revocations+jwt: what packages/license-verifier applies' }),
  kid: kid(),
  algorithm: algorithm('What signed'),
  from: position('The bundle is complete for what stands after this place in the log …'),
  to: position('… up to and with this one: `since` for the next time'),
  more: Type.Boolean({ description: 'Whether more stands after `to`: ask again at once' }),
  count: Type.Integer({ minimum: 0, description: 'Revocations in this bundle' }),
  timestamp: time({ description: 'The moment before the list was read' }),
});
