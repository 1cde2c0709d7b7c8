/** The operational state that effects outside depend on: what backups keep, with its places in the log translated. */
import type { Lane, Waiting } from '../../application/delivery/shelves.ts';
import { LANES, QUEUE } from '../../application/delivery/shelves.ts';
import { SINKS } from '../../application/delivery/siem-dispatcher.ts';
import { SINK_STATUSES, type SinkStatus } from '../../application/delivery/siem-status.ts';
import { FOLLOWER_CHECKPOINTS } from '../../application/kernel/follower.ts';
import type { StateStore } from '../../application/kernel/state.ts';
import { MAIL_QUEUE } from '../../application/tenancy/mail-queue.ts';
import type { Position } from '../../domain/kernel/ids.ts';
import type { Begun, Started } from './started.ts';
import type { Translated } from './translate.ts';

export type Entries = ReadonlyMap<string, string>;
/** By scope, then by key. */
export type MovedState = ReadonlyMap<string, Entries>;

/** Stands before every event in every engine. */
const BEGINNING = '0'.repeat(20) as Position;

type Kind = Readonly<{
  /** The positions in an entry. */
  positions: (key: string, value: string) => readonly string[];
  /** As it is in the destination; undefined: it has no entry there. */
  translated: (key: string, value: string, at: Translated) => readonly [key: string, value: string] | undefined;
}>;

const AS_IT_IS: Kind = { positions: () => [], translated: (key, value) => [key, value] };

const present = (...positions: readonly (string | null | undefined)[]): readonly string[] => positions.filter((position) => position !== null && position !== undefined);

const CHECKPOINT: Kind = {
  positions: (_key, value) => [value],
  // Without an entry a sink would begin where its event says, in positions of the source.
  translated: (key, value, at) => [key, at(value) ?? BEGINNING],
};

const LANE: Kind = {
  positions: (_key, value) => {
    const { place, upTo } = JSON.parse(value) as Lane;
    return present(place, upTo);
  },
  translated: (key, value, at) => {
    const lane = JSON.parse(value) as Lane;
    const [place, upTo] = [lane.place, lane.upTo].map((position) => (position === null ? null : (at(position) ?? BEGINNING))) as [string | null, string | null];
    return [key, JSON.stringify({ ...lane, place, upTo } satisfies Lane)];
  },
};

const WAITING: Kind = {
  positions: (_key, value) => [(JSON.parse(value) as Waiting).eventPosition],
  translated: (key, value, at) => {
    const waiting = JSON.parse(value) as Waiting;
    const eventPosition = at(waiting.eventPosition) ?? waiting.eventPosition;
    const [tenant, webhookId, last] = key.split('/');
    // Entries of earlier releases are called by the position.
    const name = last === waiting.eventPosition ? eventPosition : last;
    return [`${tenant}/${webhookId}/${name}`, JSON.stringify({ ...waiting, eventPosition } satisfies Waiting)];
  },
};

const STATUS: Kind = {
  positions: (_key, value) => present((JSON.parse(value) as Partial<SinkStatus>).lastSkipped?.position),
  translated: (key, value, at) => {
    const { lastSkipped = null, ...status } = JSON.parse(value) as Partial<SinkStatus>;
    return [key, JSON.stringify({ ...status, lastSkipped: lastSkipped && { ...lastSkipped, position: at(lastSkipped.position) ?? lastSkipped.position } })];
  },
};

/** Everything that is moved, by scope. Idempotent answers, windows, throttles, leases and jobs are not: they are of a time that is over. */
export const MOVED: Readonly<Record<string, Kind>> = {
  [FOLLOWER_CHECKPOINTS]: CHECKPOINT,
  [MAIL_QUEUE]: AS_IT_IS,
  [LANES]: LANE,
  [QUEUE]: WAITING,
  [SINKS]: AS_IT_IS,
  [SINK_STATUSES]: STATUS,
};

export const readState = async (state: Pick<StateStore, 'list'>): Promise<MovedState> => {
  const all = new Map<string, Entries>();
  for (const scope of Object.keys(MOVED)) {
    const entries = new Map<string, string>();
    for await (const { key, value } of state.list(scope)) entries.set(key, value);
    all.set(scope, entries);
  }
  return all;
};

/** Up to where webhooks and sinks have been begun with. The names of the followers are those of their dispatchers. */
export const begunIn = (state: MovedState): Begun => ({ webhooks: state.get(FOLLOWER_CHECKPOINTS)?.get('webhooks'), sinks: state.get(FOLLOWER_CHECKPOINTS)?.get('siem-sinks') });

/** With entries for what was started and not begun with, where there is none. */
export const withStarted = (state: MovedState, { lanes, sinks }: Started): MovedState => {
  const [ofLanes, ofSinks] = [[...lanes].map(([key, lane]) => [key, JSON.stringify(lane)] as const), [...sinks]];
  return new Map([
    ...state,
    [LANES, new Map([...ofLanes, ...(state.get(LANES) ?? [])])],
    [FOLLOWER_CHECKPOINTS, new Map([...ofSinks, ...(state.get(FOLLOWER_CHECKPOINTS) ?? [])])],
  ]);
};

const kindOf = (scope: string): Kind => MOVED[scope] ?? AS_IT_IS;

export const positionsIn = (state: MovedState): ReadonlySet<string> =>
  new Set([...state].flatMap(([scope, entries]) => [...entries].flatMap(([key, value]) => kindOf(scope).positions(key, value))));

export const translatedState = (state: MovedState, at: Translated): MovedState =>
  new Map([...state].map(([scope, entries]) => [scope, new Map([...entries].flatMap(([key, value]) => {
    const moved = kindOf(scope).translated(key, value, at);
    return moved === undefined ? [] : [moved];
  }))]));

const put = async (state: StateStore, scope: string, entry: Readonly<{ key: string; before: string | undefined; next: string | undefined }>): Promise<void> => {
  const { key, before, next } = entry;
  if (before === next) return;
  const done = await state.compareAndSet(scope, key, before, next === undefined ? undefined : { value: next });
  if (!done) throw new Error(`somebody else changes ${scope} in the destination meanwhile: stop every process that uses it, then run this again`);
};

/** Afterwards the destination holds these entries, and no others of their scopes. Answers how many. */
export const writeState = async (state: StateStore, wanted: MovedState): Promise<number> => {
  const there = await readState(state);
  let count = 0;
  for (const [scope, entries] of wanted) {
    const before = there.get(scope) ?? new Map<string, string>();
    for (const [key, value] of before) if (!entries.has(key)) await put(state, scope, { key, before: value, next: undefined });
    for (const [key, next] of entries) await put(state, scope, { key, before: before.get(key), next });
    count += entries.size;
  }
  return count;
};
