/** What a SIEM is told of licences. */
import type { LicensingEvent } from '../../../domain/licensing/licence.events.ts';
import type { OfflineLicenceIssued } from '../../../domain/licensing/offline.events.ts';
import type { LicenceSigningKeyAdded } from '../../../domain/licensing/signing-keys.events.ts';
import { called, changed, unsent, type SiemRows } from './row.ts';

const licence = (data: Readonly<{ licenceKey: string }>): string => data.licenceKey;

export const licensingSiem: SiemRows<LicensingEvent | LicenceSigningKeyAdded | OfflineLicenceIssued> = {
  FingerprintKeyCreated: changed({ entity: 'Key', activity: 'Create', message: 'Fingerprint key created', severity: 'Low', subject: (_data, { tenant }) => tenant }),
  LicenceGenerated: called({ activity: 'Create', message: 'Licence generated', operation: 'licence.generate', resource: 'Licence', subject: licence }),
  LedgerVolumeClosed: unsent('Book-keeping of the ledger.'),
  LedgerVolumeOpened: unsent('Book-keeping of the ledger.'),
  LicenceRevoked: changed({ entity: 'Licence', activity: 'Deactivate', message: 'Licence revoked', severity: 'Low', subject: licence }),
  LicenceValidated: called({
    activity: 'Read', message: 'Licence validated', operation: 'licence.validate', resource: 'Licence', subject: licence,
    status: ({ verdict }) => (verdict === 'valid' ? 'Success' : 'Failure'),
    severity: ({ verdict }) => (verdict === 'valid' ? 'Informational' : 'Low'),
    code: ({ verdict }) => verdict,
  }),
  LicenceSigningKeyAdded: changed({ entity: 'Key', activity: 'Create', message: 'Licence-signing key added', severity: 'Low', subject: ({ kid }) => kid }),
  OfflineLicenceIssued: called({ activity: 'Create', message: 'Offline licence issued', operation: 'licence.offline', resource: 'Licence', subject: licence }),
};
