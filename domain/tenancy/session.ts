/**
 * One sign-in: a family of refresh tokens, each used once. A token that comes back after its use has been copied, and
 * ends the family (RFC 9700 section 4.14.2).
 */
import { otherwise, type Decider, type Message } from '../kernel/decider.ts';
import { reject } from '../kernel/rejection.ts';
import type { SessionEndReason, SessionEvent, SessionOpened } from './session.events.ts';

export type OpenSession = Message<'OpenSession', SessionOpened['data']>;
/** `presented` and `next` are hashes; times are UTC, ISO 8601. */
export type RefreshSession = Message<'RefreshSession', { presented: string; next: string; at: string; nextUntil: string }>;
export type EndSession = Message<'EndSession', { reason: SessionEndReason }>;

export type SessionCommand = OpenSession | RefreshSession | EndSession;

/** Newest first. A refresh adds one link and copies nothing, however long the family grows. */
type Used = Readonly<{ hash: string; before: Used }> | undefined;

type Family = Readonly<{
  userId: string;
  term: number;
  epoch: number;
  amr: readonly string[];
  endsAt: string;
  current: string;
  currentUntil: string;
  used: Used;
}>;

export type SessionState = Readonly<{ status: 'none' }> | (Readonly<{ status: 'live' | 'ended' }> & Family);

const opened = ({ refreshHash, refreshUntil, epoch = 0, ...rest }: SessionOpened['data']): SessionState => ({
  ...rest,
  epoch,
  status: 'live',
  current: refreshHash,
  currentUntil: refreshUntil,
  used: undefined,
});

const evolve = (state: SessionState, event: SessionEvent): SessionState => {
  if (event.type === 'SessionOpened') return opened(event.data);
  if (state.status === 'none') return state;
  switch (event.type) {
    case 'SessionRefreshed':
      return {
        ...state,
        used: { hash: state.current, before: state.used },
        current: event.data.refreshHash,
        currentUntil: event.data.refreshUntil,
      };
    case 'SessionEnded':
      return { ...state, status: 'ended' };
    default:
      return otherwise(event, state);
  }
};

const isAmong = (hash: string, used: Used): boolean => {
  for (let link = used; link !== undefined; link = link.before) if (link.hash === hash) return true;
  return false;
};

const earlier = (one: string, other: string): string => (one < other ? one : other);

const refresh = ({ data }: RefreshSession, state: SessionState): readonly SessionEvent[] => {
  if (state.status !== 'live') return reject('tenancy.refresh_invalid');
  if (data.next === state.current) return [];
  if (data.presented !== state.current) {
    return isAmong(data.presented, state.used) ? [{ type: 'SessionEnded', data: { reason: 'refresh_reused' } }] : reject('tenancy.refresh_invalid');
  }
  if (data.at >= state.currentUntil) return reject('tenancy.refresh_invalid');
  return [{ type: 'SessionRefreshed', data: { refreshHash: data.next, refreshUntil: earlier(data.nextUntil, state.endsAt) } }];
};

const end = ({ data }: EndSession, state: SessionState): readonly SessionEvent[] => {
  if (state.status === 'none') return reject('tenancy.session_unknown');
  return state.status === 'ended' ? [] : [{ type: 'SessionEnded', data }];
};

export const session: Decider<SessionState, SessionCommand, SessionEvent> = {
  initialState: { status: 'none' },
  evolve,
  decide: (command, state) => {
    switch (command.type) {
      case 'OpenSession':
        return state.status === 'none' ? [{ type: 'SessionOpened', data: command.data }] : [];
      case 'RefreshSession':
        return refresh(command, state);
      case 'EndSession':
        return end(command, state);
      default:
        return otherwise(command, []);
    }
  },
};
