/** What became of one licence after it was generated. */
import type { Decider, Message } from '../kernel/decider.ts';
import { reject } from '../kernel/rejection.ts';
import type { LicenceRevoked } from './licence.events.ts';

/** Rejects with `licensing.licence_revoked` when it is revoked already: a second revocation would claim another moment and another reason. */
export type RevokeLicence = Message<'RevokeLicence', LicenceRevoked['data']>;
/** `revokedAt` undefined: it is not. */
export type LicenceState = Readonly<{ revokedAt: string | undefined }>;

export const licence: Decider<LicenceState, RevokeLicence, LicenceRevoked> = {
  initialState: { revokedAt: undefined },
  evolve: (state, event) => (event.type === 'LicenceRevoked' ? { revokedAt: event.data.revokedAt } : state),
  decide: ({ data }, { revokedAt }) => (revokedAt === undefined ? [{ type: 'LicenceRevoked', data }] : reject('licensing.licence_revoked')),
};
