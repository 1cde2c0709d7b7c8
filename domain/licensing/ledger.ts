/** An account's licences in the order in which they are generated: a number for each, and how many there are in the month. One volume at a time. */
import { otherwise, type Decider, type Message } from '../kernel/decider.ts';
import { reject } from '../kernel/rejection.ts';
import { hasKey, NO_KEYS, withKey, type KeySet } from './key-set.ts';
import type { LedgerEvent, LedgerVolumeOpened, LicenceGenerated } from './licence.events.ts';

/**
 * `month` is the one that the clock says (`2026-11`, UTC), `limit` what the plan allows in a month. A licence key that the volume knows is
 * nothing to do. Rejects with `licensing.quota_exceeded` {limit, month}: the month that is used up.
 */
export type GenerateLicence = Message<'GenerateLicence', Omit<LicenceGenerated['data'], 'number'> & Readonly<{ limit: number }>>;
/** Begins a volume after the first, with what the closed one before it holds. */
export type OpenLedgerVolume = Message<'OpenLedgerVolume', LedgerVolumeOpened['data']>;
/** Generating rejects with `licensing.ledger_volume_closed` in a volume that is closed: the next one is the place to ask. */
export type LedgerCommand = GenerateLicence | OpenLedgerVolume;

export type LedgerState = Readonly<{
  /** Licences so far, in all volumes. */
  sold: number;
  /** The newest month in which one was generated, whatever the clock has said since; empty before the first. */
  month: string;
  inMonth: number;
  /** Licences in this volume, and their keys. */
  taken: number;
  keys: KeySet;
  volume: 'new' | 'open' | 'closed';
}>;

/** Licences in one volume: what is folded at once. */
export const LICENCES_IN_A_VOLUME = 1_000;

const EMPTY: LedgerState = { sold: 0, month: '', inMonth: 0, taken: 0, keys: NO_KEYS, volume: 'new' };

/** The month that counts, and how many licences there are in it: a clock that was set back reopens no month. */
export const monthOf = ({ month, inMonth }: Pick<LedgerState, 'month' | 'inMonth'>, now: string): Readonly<{ month: string; inMonth: number }> =>
  now > month ? { month: now, inMonth: 0 } : { month, inMonth };

const generated = (state: LedgerState, { number, licenceKey, month }: LicenceGenerated['data']): LedgerState => ({
  sold: number,
  month,
  inMonth: month === state.month ? state.inMonth + 1 : 1,
  taken: state.taken + 1,
  keys: withKey(state.keys, licenceKey),
  volume: 'open',
});

const evolve = (state: LedgerState, event: LedgerEvent): LedgerState => {
  switch (event.type) {
    case 'LicenceGenerated':
      return generated(state, event.data);
    case 'LedgerVolumeClosed':
      return { ...state, volume: 'closed' };
    case 'LedgerVolumeOpened':
      return { ...EMPTY, ...event.data, volume: 'open' };
    default:
      return otherwise(event, state);
  }
};

/** A full volume is closed instead: whoever asked finds it so, and asks in the next. */
const generate = ({ limit, ...data }: GenerateLicence['data'], state: LedgerState): readonly LedgerEvent[] => {
  if (hasKey(state.keys, data.licenceKey)) return [];
  if (state.volume === 'closed') return reject('licensing.ledger_volume_closed');
  const { month, inMonth } = monthOf(state, data.month);
  if (inMonth >= limit) return reject('licensing.quota_exceeded', { limit, month });
  if (state.taken >= LICENCES_IN_A_VOLUME) return [{ type: 'LedgerVolumeClosed', data: { sold: state.sold } }];
  return [{ type: 'LicenceGenerated', data: { number: state.sold + 1, ...data, month } }];
};

export const ledger: Decider<LedgerState, LedgerCommand, LedgerEvent> = {
  initialState: EMPTY,
  evolve,
  decide: (command, state) => {
    if (command.type === 'GenerateLicence') return generate(command.data, state);
    return state.volume === 'new' ? [{ type: 'LedgerVolumeOpened', data: command.data }] : [];
  },
};
