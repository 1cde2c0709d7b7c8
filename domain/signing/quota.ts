/** One tenant's signings of one period: a counter, and the reservations that are not settled yet. One volume of it at a time. */
import { otherwise, type Decider, type Message } from '../kernel/decider.ts';
import { reject } from '../kernel/rejection.ts';
import type { QuotaVolumeOpened, SigningQuotaEvent, SigningReleased, SigningReserved, SigningSpent } from './quota.events.ts';

/** `limit` undefined: without. */
export type ReserveSigning = Message<'ReserveSigning', SigningReserved['data'] & Readonly<{ limit: number | undefined }>>;
export type SpendSigning = Message<'SpendSigning', SigningSpent['data']>;
export type ReleaseSigning = Message<'ReleaseSigning', SigningReleased['data']>;
/** Begins a volume after the first, with what the closed one before it holds. */
export type OpenQuotaVolume = Message<'OpenQuotaVolume', QuotaVolumeOpened['data']>;
/** Each but the last rejects with `signing.quota_volume_closed` in a volume that is closed: the next one is the place to ask. */
export type SigningQuotaCommand = ReserveSigning | SpendSigning | ReleaseSigning | OpenQuotaVolume;

export type SigningQuotaState = Readonly<{
  /** Reserved in the period and not given back. */
  used: number;
  /** Operations with a reservation that is neither spent nor released: those under way, however many the period has seen. */
  open: ReadonlySet<string>;
  /** Reservations in this volume. */
  taken: number;
  volume: 'new' | 'open' | 'closed';
}>;

/** Reservations in one volume: at about two events each, what is folded at once. */
export const RESERVATIONS_IN_A_VOLUME = 1_000;

const without = (open: ReadonlySet<string>, operationId: string): ReadonlySet<string> => {
  const left = new Set(open);
  left.delete(operationId);
  return left;
};

const evolve = (state: SigningQuotaState, event: SigningQuotaEvent): SigningQuotaState => {
  const { used, open, taken } = state;
  switch (event.type) {
    case 'SigningReserved':
      return { used: used + 1, open: new Set(open).add(event.data.operationId), taken: taken + 1, volume: 'open' };
    case 'SigningSpent':
      return { ...state, open: without(open, event.data.operationId) };
    case 'SigningReleased':
      return { ...state, used: used - 1, open: without(open, event.data.operationId) };
    case 'QuotaVolumeClosed':
      return { ...state, volume: 'closed' };
    case 'QuotaVolumeOpened':
      return { used: event.data.used, open: new Set(event.data.open), taken: 0, volume: 'open' };
    default:
      return otherwise(event, state);
  }
};

type Decision = readonly SigningQuotaEvent[];

/** A full volume is closed instead: whoever asked finds it so, and asks in the next. */
const reserve = ({ operationId, reservedAt, limit }: ReserveSigning['data'], { used, open, taken }: SigningQuotaState): Decision => {
  if (open.has(operationId)) return [];
  // What is under way may still be given back: a limit is reached by what was spent.
  if (limit !== undefined && used >= limit) return reject(used - open.size < limit ? 'signing.limit_reserved' : 'signing.limit_reached', { limit });
  if (taken >= RESERVATIONS_IN_A_VOLUME) return [{ type: 'QuotaVolumeClosed', data: { used } }];
  return [{ type: 'SigningReserved', data: { operationId, reservedAt } }];
};

const settle = (event: SigningSpent | SigningReleased, { open }: SigningQuotaState): Decision => (open.has(event.data.operationId) ? [event] : []);

const inVolume = (command: Exclude<SigningQuotaCommand, OpenQuotaVolume>, state: SigningQuotaState): Decision => {
  if (state.volume === 'closed') return reject('signing.quota_volume_closed');
  switch (command.type) {
    case 'ReserveSigning':
      return reserve(command.data, state);
    case 'SpendSigning':
      return settle({ type: 'SigningSpent', data: command.data }, state);
    case 'ReleaseSigning':
      return settle({ type: 'SigningReleased', data: command.data }, state);
    default:
      return otherwise(command, []);
  }
};

export const signingQuota: Decider<SigningQuotaState, SigningQuotaCommand, SigningQuotaEvent> = {
  initialState: { used: 0, open: new Set(), taken: 0, volume: 'new' },
  evolve,
  decide: (command, state) => {
    if (command.type !== 'OpenQuotaVolume') return inVolume(command, state);
    return state.volume === 'new' ? [{ type: 'QuotaVolumeOpened', data: command.data }] : [];
  },
};
