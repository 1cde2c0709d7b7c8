/** What the licensing context stores: schema of every version, in the event catalogue's terms. */
import Type from 'typebox';
import type { LicensingEvent } from '../../domain/licensing/licence.events.ts';
import type { OfflineLicenceIssued as Issued } from '../../domain/licensing/offline.events.ts';
import type { LicenceSigningKeyAdded as KeyAdded } from '../../domain/licensing/signing-keys.events.ts';
import { LICENCE_SIGNING_ALGORITHMS } from '../../domain/licensing/signing-keys.ts';
import { defineEvents, v1 } from '../kernel/event-catalogue.ts';

const UUID = '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$';
const exact = { additionalProperties: false } as const;
const instant = () => Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$' });
const month = () => Type.String({ pattern: '^\\d{4}-\\d{2}$' });
const licenceKey = () => Type.String({ pattern: '^QCOS(-[0-9A-F]{4}){8}$' });
const sealed = () => Type.Object({ subject: Type.String({ pattern: UUID }), box: Type.String({ minLength: 1 }) }, exact);
const count = () => Type.Integer({ minimum: 0 });

const FingerprintKeyCreated = Type.Object(
  { key: Type.Object({ tenantKey: Type.Integer({ minimum: 1 }), box: Type.String({ minLength: 1 }) }, exact), createdAt: instant() },
  exact,
);

const LicenceGenerated = Type.Object(
  {
    number: Type.Integer({ minimum: 1 }),
    licenceKey: licenceKey(),
    holder: sealed(),
    features: Type.Array(Type.String()),
    fidelity: Type.Number({ minimum: 0, maximum: 1 }),
    month: month(),
    generatedAt: instant(),
    validUntil: instant(),
  },
  exact,
);

const LicenceValidated = Type.Object(
  {
    licenceKey: licenceKey(),
    verdict: Type.Union([
      Type.Literal('not_found'), Type.Literal('signature_mismatch'), Type.Literal('revoked'), Type.Literal('expired'), Type.Literal('valid'),
    ]),
    validatedAt: instant(),
  },
  exact,
);

const algorithm = () => Type.Enum([...LICENCE_SIGNING_ALGORITHMS]);
const kid = () => Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' });

const LicenceSigningKeyAdded = Type.Object(
  {
    algorithm: algorithm(),
    kid: kid(),
    publicKey: Type.String({ pattern: '^[A-Za-z0-9_-]+$' }),
    seed: Type.Object({ tenantKey: Type.Integer({ minimum: 1 }), box: Type.String({ minLength: 1 }) }, exact),
    commandId: Type.String({ minLength: 1, maxLength: 100 }),
    addedAt: instant(),
  },
  exact,
);

const OfflineLicenceIssued = Type.Object(
  {
    licenceKey: licenceKey(),
    algorithm: algorithm(),
    kid: kid(),
    graceDays: Type.Integer({ minimum: 0 }),
    position: Type.String({ minLength: 1, maxLength: 100 }),
    issuedAt: instant(),
  },
  exact,
);

export const licensingEvents = defineEvents<LicensingEvent | KeyAdded | Issued>('licensing', {
  FingerprintKeyCreated: v1(FingerprintKeyCreated),
  LicenceGenerated: v1(LicenceGenerated),
  LedgerVolumeClosed: v1(Type.Object({ sold: count() }, exact)),
  LedgerVolumeOpened: v1(Type.Object({ sold: count(), month: month(), inMonth: count() }, exact)),
  LicenceRevoked: v1(Type.Object({ licenceKey: licenceKey(), reason: Type.Optional(sealed()), revokedAt: instant() }, exact)),
  LicenceValidated: v1(LicenceValidated),
  LicenceSigningKeyAdded: v1(LicenceSigningKeyAdded),
  OfflineLicenceIssued: v1(OfflineLicenceIssued),
});
