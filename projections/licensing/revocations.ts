/** One account's revoked licences, by the moment and by the place in the log: what other programs keep up with. */
import type { Revocation } from '../../application/licensing/ports.ts';
import type { LicenceRevoked } from '../../domain/licensing/licence.events.ts';
import { defineProjection } from '../kernel/projection.ts';

export const licensingRevocations = defineProjection<Revocation, LicenceRevoked>({
  name: 'licensing_revocations',
  version: 1,
  indexes: [['revokedAt'], ['position']],
  id: ({ data }) => data.licenceKey,
  on: {
    LicenceRevoked: (document, { data, position }) => document ?? { licenceKey: data.licenceKey, revokedAt: data.revokedAt, position },
  },
});
