/** One tenant's signings of one period: a counter, and the reservations that are not settled yet. */
import { otherwise, type Decider, type Message } from '../kernel/decider.ts';
import { reject } from '../kernel/rejection.ts';
import type { SigningQuotaEvent, SigningReleased, SigningReserved, SigningSpent } from './quota.events.ts';

/** `limit` undefined: without. */
export type ReserveSigning = Message<'ReserveSigning', SigningReserved['data'] & Readonly<{ limit: number | undefined }>>;
export type SpendSigning = Message<'SpendSigning', SigningSpent['data']>;
export type ReleaseSigning = Message<'ReleaseSigning', SigningReleased['data']>;
export type SigningQuotaCommand = ReserveSigning | SpendSigning | ReleaseSigning;

export type SigningQuotaState = Readonly<{
  /** Reserved and not given back. */
  used: number;
  /** Operations with a reservation that is neither spent nor released: those under way, however many the period has seen. */
  open: ReadonlySet<string>;
}>;

const without = (open: ReadonlySet<string>, operationId: string): ReadonlySet<string> => {
  const left = new Set(open);
  left.delete(operationId);
  return left;
};

const evolve = (state: SigningQuotaState, event: SigningQuotaEvent): SigningQuotaState => {
  const { used, open } = state;
  switch (event.type) {
    case 'SigningReserved':
      return { used: used + 1, open: new Set(open).add(event.data.operationId) };
    case 'SigningSpent':
      return { used, open: without(open, event.data.operationId) };
    case 'SigningReleased':
      return { used: used - 1, open: without(open, event.data.operationId) };
    default:
      return otherwise(event, state);
  }
};

const reserve = ({ operationId, reservedAt, limit }: ReserveSigning['data'], { used, open }: SigningQuotaState): readonly SigningQuotaEvent[] => {
  if (open.has(operationId)) return [];
  if (limit !== undefined && used >= limit) return reject('signing.limit_reached', { limit });
  return [{ type: 'SigningReserved', data: { operationId, reservedAt } }];
};

const settle = (event: SigningSpent | SigningReleased, { open }: SigningQuotaState): readonly SigningQuotaEvent[] =>
  open.has(event.data.operationId) ? [event] : [];

export const signingQuota: Decider<SigningQuotaState, SigningQuotaCommand, SigningQuotaEvent> = {
  initialState: { used: 0, open: new Set() },
  evolve,
  decide: (command, state) => {
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
  },
};
