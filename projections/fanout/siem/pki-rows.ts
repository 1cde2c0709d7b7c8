/** What a SIEM is told of certificates, KMS keys and the log itself. */
import type { CertifiedKeyEvent } from '../../../domain/authorities/certified-key.events.ts';
import type { RevocationListEvent } from '../../../domain/authorities/revocation-list.events.ts';
import type { KmsKeyEvent } from '../../../domain/keys/kms-key.events.ts';
import type { KmsOperationEvent } from '../../../domain/keys/kms-operation.events.ts';
import type { LogIdentityEvent } from '../../../domain/transparency/log-identity.events.ts';
import { called, changed, unsent, type SiemRows } from './row.ts';

const serial = (data: Readonly<{ serial: string }>): string => data.serial;
const keyId = (data: Readonly<{ keyId: string }>): string => data.keyId;

export const authoritiesSiem: SiemRows<CertifiedKeyEvent | RevocationListEvent> = {
  CertifiedKeyRequested: changed({ entity: 'Certificate', activity: 'Enroll', message: 'Certificate requested', subject: ({ request }) => request.serial, name: ({ request }) => request.commonName }),
  CertifiedKeyIssued: changed({ entity: 'Certificate', activity: 'Create', message: 'Certificate issued', subject: serial }),
  CertifiedKeyRevoked: changed({
    entity: 'Certificate', activity: 'Deactivate', message: 'Certificate revoked', subject: serial,
    severity: ({ reason }) => (reason === 'key_compromise' ? 'High' : 'Medium'),
  }),
  CertificateListed: unsent('It follows from the revocation, which is sent.'),
  CrlNumbered: changed({ entity: 'Certificate revocation list', activity: 'Update', message: 'Certificate revocation list numbered', subject: ({ number }) => String(number) }),
};

export const keysSiem: SiemRows<KmsKeyEvent | KmsOperationEvent> = {
  KmsKeyCreated: changed({ entity: 'Key', activity: 'Create', message: 'KMS key created', severity: 'Low', subject: keyId }),
  KmsKeyRotated: changed({ entity: 'Key', activity: 'Update', message: 'KMS key rotated', severity: 'Low', subject: keyId }),
  KmsKeyVersionRetired: changed({ entity: 'Key', activity: 'Deactivate', message: 'KMS key version retired', severity: 'Low', subject: keyId }),
  KmsDataSigned: called({ activity: 'Create', message: 'Data signed', operation: 'kms.sign', resource: 'Key', subject: keyId }),
  KmsSignatureVerified: called({
    activity: 'Read', message: 'Signature verified', operation: 'kms.verify', resource: 'Key', subject: keyId,
    status: ({ valid }) => (valid ? 'Success' : 'Failure'),
    severity: ({ valid }) => (valid ? 'Informational' : 'Low'),
  }),
};

export const transparencySiem: SiemRows<LogIdentityEvent> = {
  LogOriginFixed: changed({ entity: 'Log', activity: 'Create', message: 'Log named', subject: ({ origin }) => origin }),
};
