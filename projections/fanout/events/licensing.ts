/** What is told of licences. Who holds one is personal, and why one was revoked is in the account's own words: neither is told. */
import type { LicensingEvent } from '../../../domain/licensing/licence.events.ts';
import type { OfflineLicenceIssued } from '../../../domain/licensing/offline.events.ts';
import type { LicenceSigningKeyAdded } from '../../../domain/licensing/signing-keys.events.ts';
import { inside, told, type PublicRows } from '../public-row.ts';
import { count, instant, list, shape, text, word } from '../shapes.ts';

const licenceKey = () => text('The licence, by its key');
const algorithm = () => word(['ML-DSA-65', 'Ed25519'], 'The signature algorithm');
const kid = () => text('RFC 7638 thumbprint of the signing key');

export const licensingRows: PublicRows<LicensingEvent | LicenceSigningKeyAdded | OfflineLicenceIssued> = {
  FingerprintKeyCreated: inside('A key of the program\'s own; it leaves nothing that anybody outside could use it for.'),
  LicenceGenerated: told({
    type: 'chancery.licensing.licence.generated',
    summary: 'A licence was generated.',
    schema: shape({
      license_key: licenceKey(),
      number: count('The account\'s licences, counted from 1'),
      features: list(text('A feature'), 'What the licence unlocks'),
      month: text('The month in which it counts, as 2026-11'),
      generated_at: instant('When'),
      valid_until: instant('When it ends'),
    }),
    subject: (data) => data.licenceKey,
    data: (data) => ({
      license_key: data.licenceKey,
      number: data.number,
      features: data.features,
      month: data.month,
      generated_at: data.generatedAt,
      valid_until: data.validUntil,
    }),
  }),
  LedgerVolumeClosed: inside('Book-keeping of the ledger.'),
  LedgerVolumeOpened: inside('Book-keeping of the ledger.'),
  LicenceRevoked: told({
    type: 'chancery.licensing.licence.revoked',
    summary: 'A licence was revoked, for good.',
    schema: shape({ license_key: licenceKey(), revoked_at: instant('When') }),
    subject: (data) => data.licenceKey,
    data: (data) => ({ license_key: data.licenceKey, revoked_at: data.revokedAt }),
  }),
  LicenceValidated: told({
    type: 'chancery.licensing.licence.validated',
    summary: 'Somebody asked whether a licence is good, and was told.',
    schema: shape({
      license_key: licenceKey(),
      verdict: word(['not_found', 'signature_mismatch', 'revoked', 'expired', 'valid'], 'What they were told'),
      validated_at: instant('When'),
    }),
    subject: (data) => data.licenceKey,
    data: (data) => ({ license_key: data.licenceKey, verdict: data.verdict, validated_at: data.validatedAt }),
  }),
  LicenceSigningKeyAdded: told({
    type: 'chancery.licensing.signing_key.added',
    summary: 'Offline licences are signed with a new key from now on; what the others have signed stays valid.',
    schema: shape({ algorithm: algorithm(), kid: kid(), public_key: text('The public key: raw, base64url'), added_at: instant('When') }),
    subject: (data) => data.kid,
    data: (data) => ({ algorithm: data.algorithm, kid: data.kid, public_key: data.publicKey, added_at: data.addedAt }),
  }),
  OfflineLicenceIssued: told({
    type: 'chancery.licensing.offline_licence.issued',
    summary: 'A signed licence for offline use was handed out.',
    schema: shape({
      license_key: licenceKey(),
      algorithm: algorithm(),
      kid: kid(),
      grace_days: count('Days after its end for which it may still be taken'),
      position: text('Up to here in the log the licence was known as not revoked'),
      issued_at: instant('When'),
    }),
    subject: (data) => data.licenceKey,
    data: (data) => ({
      license_key: data.licenceKey,
      algorithm: data.algorithm,
      kid: data.kid,
      grace_days: data.graceDays,
      position: data.position,
      issued_at: data.issuedAt,
    }),
  }),
};
