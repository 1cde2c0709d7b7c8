/** The catalogue rows of the authorities context. */
import Type from 'typebox';
import type { CertifiedKeyEvent } from '../../domain/authorities/certified-key.events.ts';
import type { RevocationListEvent } from '../../domain/authorities/revocation-list.events.ts';
import { defineEvents, v1 } from '../kernel/event-catalogue.ts';

const Serial = Type.String({ pattern: '^[0-9a-f]{2,40}$' });
const Milliseconds = Type.Integer();
const Base64 = Type.String({ pattern: '^[A-Za-z0-9+/]+={0,2}$' });
const SealedSecret = Type.Object({ tenantKey: Type.Integer(), box: Type.String() }, { additionalProperties: false });
const Reason = Type.Union([
  Type.Literal('unspecified'),
  Type.Literal('key_compromise'),
  Type.Literal('affiliation_changed'),
  Type.Literal('superseded'),
  Type.Literal('cessation_of_operation'),
]);

const CertificateRequest = Type.Object(
  {
    purpose: Type.Union([Type.Literal('root'), Type.Literal('issuing'), Type.Literal('timestamping'), Type.Literal('code_signing')]),
    serial: Serial,
    commonName: Type.String({ minLength: 1, maxLength: 64 }),
    organization: Type.String({ minLength: 1, maxLength: 64 }),
    notBefore: Milliseconds,
    notAfter: Milliseconds,
    publicKey: Base64,
    crlUrl: Type.Union([Type.String(), Type.Null()]),
    issuerUrl: Type.Union([Type.String(), Type.Null()]),
  },
  { additionalProperties: false },
);

export const authoritiesEvents = defineEvents<CertifiedKeyEvent | RevocationListEvent>('authorities', {
  CertifiedKeyRequested: v1(
    Type.Object({ request: CertificateRequest, privateKey: SealedSecret, requestedAt: Milliseconds }, { additionalProperties: false }),
  ),
  CertifiedKeyIssued: v1(
    Type.Object({ serial: Serial, certificate: Base64, issuedAt: Milliseconds }, { additionalProperties: false }),
  ),
  CertifiedKeyRevoked: v1(
    Type.Object({ serial: Serial, reason: Reason, revokedAt: Milliseconds, recordedAt: Milliseconds }, { additionalProperties: false }),
  ),
  CertificateListed: v1(
    Type.Object({ serial: Serial, reason: Reason, revokedAt: Milliseconds }, { additionalProperties: false }),
  ),
  CrlNumbered: v1(
    Type.Object(
      { number: Type.Integer(), thisUpdate: Milliseconds, nextUpdate: Milliseconds, entries: Type.Integer() },
      { additionalProperties: false },
    ),
  ),
});
