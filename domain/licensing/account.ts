/** An account's own secret: what its fingerprints are derived with. Made once; replacing it would leave every licence without its fingerprint. */
import type { Decider, Message } from '../kernel/decider.ts';
import type { SealedSecret } from '../kernel/sealed.ts';
import type { FingerprintKeyCreated } from './licence.events.ts';

export type CreateFingerprintKey = Message<'CreateFingerprintKey', FingerprintKeyCreated['data']>;
export type LicensingAccountState = Readonly<{ key: SealedSecret | undefined }>;

export const licensingAccount: Decider<LicensingAccountState, CreateFingerprintKey, FingerprintKeyCreated> = {
  initialState: { key: undefined },
  evolve: (state, event) => (event.type === 'FingerprintKeyCreated' ? { key: event.data.key } : state),
  // The first one stays, whoever was faster.
  decide: ({ data }, { key }) => (key === undefined ? [{ type: 'FingerprintKeyCreated', data }] : []),
};
