/** What is told of certificates and revocation lists. */
import type { CertifiedKeyEvent } from '../../../domain/authorities/certified-key.events.ts';
import type { RevocationListEvent } from '../../../domain/authorities/revocation-list.events.ts';
import { inside, told, type PublicRows } from '../public-row.ts';
import { count, hex, instant, shape, text, toInstant, word } from '../shapes.ts';

const serial = () => hex('Serial number of the certificate');
const REASONS = ['unspecified', 'key_compromise', 'affiliation_changed', 'superseded', 'cessation_of_operation'] as const;

export const authoritiesRows: PublicRows<CertifiedKeyEvent | RevocationListEvent> = {
  CertifiedKeyRequested: told({
    type: 'chancery.authorities.certificate.requested',
    summary: 'A key pair was made, and a certificate for it is about to be signed.',
    schema: shape({
      serial: serial(),
      purpose: word(['root', 'issuing', 'timestamping', 'code_signing'], 'What the certificate is for'),
      common_name: text('Common name of the subject'),
      organization: text('Organization of the subject'),
      not_before: instant('First moment of validity'),
      not_after: instant('Last moment of validity'),
    }),
    subject: ({ request }) => request.serial,
    data: ({ request }) => ({
      serial: request.serial,
      purpose: request.purpose,
      common_name: request.commonName,
      organization: request.organization,
      not_before: toInstant(request.notBefore),
      not_after: toInstant(request.notAfter),
    }),
  }),
  CertifiedKeyIssued: told({
    type: 'chancery.authorities.certificate.issued',
    summary: 'A certificate was signed.',
    schema: shape({ serial: serial(), certificate: text('The certificate: DER, base64'), issued_at: instant('When it was signed') }),
    subject: (data) => data.serial,
    data: (data) => ({ serial: data.serial, certificate: data.certificate, issued_at: toInstant(data.issuedAt) }),
  }),
  CertifiedKeyRevoked: told({
    type: 'chancery.authorities.certificate.revoked',
    summary: 'A certificate is revoked.',
    schema: shape({
      serial: serial(),
      reason: word(REASONS, 'Why, after RFC 5280'),
      revoked_at: instant('Since when it is not good; may lie in the past'),
      recorded_at: instant('When that was said'),
    }),
    subject: (data) => data.serial,
    data: (data) => ({ serial: data.serial, reason: data.reason, revoked_at: toInstant(data.revokedAt), recorded_at: toInstant(data.recordedAt) }),
  }),
  CertificateListed: inside('It follows from the revocation, which is told.'),
  CrlNumbered: told({
    type: 'chancery.authorities.revocation_list.numbered',
    summary: 'A revocation list is about to be signed.',
    schema: shape({
      number: count('CRL number'),
      this_update: instant('When it was made'),
      next_update: instant('When the next one follows at the latest'),
      entries: count('Certificates that it names'),
    }),
    subject: (data) => String(data.number),
    data: (data) => ({ number: data.number, this_update: toInstant(data.thisUpdate), next_update: toInstant(data.nextUpdate), entries: data.entries }),
  }),
};
