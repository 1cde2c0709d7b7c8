/** Decides over the SIEM sinks of one owner: made, paused, resumed, deleted. */
import { otherwise, type Decider, type Message } from '../kernel/decider.ts';
import { reject } from '../kernel/rejection.ts';
import type { SiemSinkCreated, SiemSinkEvent } from './siem-sink.events.ts';

/** A sink that is there. */
export type SiemSink = SiemSinkCreated['data'] & Readonly<{ paused: boolean }>;

export type SiemSinksState = Readonly<{
  /** In the order in which they were made. */
  sinks: ReadonlyMap<string, SiemSink>;
  /** The last that were deleted, so that deleting twice is deleting once. */
  deleted: readonly string[];
}>;

export type CreateSiemSink = Message<'CreateSiemSink', Omit<SiemSinkCreated['data'], 'createdAt'> & Readonly<{ at: string }>>;
type OnOne = Readonly<{ sinkId: string; at: string }>;
export type PauseSiemSink = Message<'PauseSiemSink', OnOne>;
export type ResumeSiemSink = Message<'ResumeSiemSink', OnOne>;
export type DeleteSiemSink = Message<'DeleteSiemSink', OnOne>;
export type SiemSinkCommand = CreateSiemSink | PauseSiemSink | ResumeSiemSink | DeleteSiemSink;

/** Each follows the log by itself. */
export const MOST_SINKS = 20;
const REMEMBERED = 100;

const initialState: SiemSinksState = { sinks: new Map(), deleted: [] };

const withSink = (state: SiemSinksState, sink: SiemSink): SiemSinksState => ({ ...state, sinks: new Map(state.sinks).set(sink.sinkId, sink) });

const setPaused = (state: SiemSinksState, sinkId: string, paused: boolean): SiemSinksState => {
  const sink = state.sinks.get(sinkId);
  return sink === undefined ? state : withSink(state, { ...sink, paused });
};

const evolve = (state: SiemSinksState, event: SiemSinkEvent): SiemSinksState => {
  switch (event.type) {
    case 'SiemSinkCreated':
      return withSink(state, { ...event.data, paused: false });
    case 'SiemSinkPaused':
      return setPaused(state, event.data.sinkId, true);
    case 'SiemSinkResumed':
      return setPaused(state, event.data.sinkId, false);
    case 'SiemSinkDeleted': {
      const { sinkId } = event.data;
      return { sinks: new Map([...state.sinks].filter(([id]) => id !== sinkId)), deleted: [...state.deleted, sinkId].slice(-REMEMBERED) };
    }
    default:
      return otherwise(event, state);
  }
};

const create = ({ at, ...wanted }: CreateSiemSink['data'], { sinks, deleted }: SiemSinksState): readonly SiemSinkEvent[] => {
  if (sinks.has(wanted.sinkId) || deleted.includes(wanted.sinkId)) return [];
  if (sinks.size >= MOST_SINKS) return reject('delivery.too_many_sinks', { limit: MOST_SINKS });
  return [{ type: 'SiemSinkCreated', data: { ...wanted, createdAt: at } }];
};

const decideOne = (command: Exclude<SiemSinkCommand, CreateSiemSink>, { paused }: SiemSink): readonly SiemSinkEvent[] => {
  const { sinkId, at } = command.data;
  switch (command.type) {
    case 'PauseSiemSink':
      return paused ? [] : [{ type: 'SiemSinkPaused', data: { sinkId, pausedAt: at } }];
    case 'ResumeSiemSink':
      return paused ? [{ type: 'SiemSinkResumed', data: { sinkId, resumedAt: at } }] : [];
    case 'DeleteSiemSink':
      return [{ type: 'SiemSinkDeleted', data: { sinkId, deletedAt: at } }];
    default:
      return otherwise(command, []);
  }
};

/** Rejects with `delivery.too_many_sinks` {limit} and `delivery.sink_not_found`. */
export const siemSinks: Decider<SiemSinksState, SiemSinkCommand, SiemSinkEvent> = {
  initialState,
  evolve,
  decide: (command, state) => {
    if (command.type === 'CreateSiemSink') return create(command.data, state);
    const { sinkId } = command.data;
    const sink = state.sinks.get(sinkId);
    if (sink !== undefined) return decideOne(command, sink);
    return command.type === 'DeleteSiemSink' && state.deleted.includes(sinkId) ? [] : reject('delivery.sink_not_found');
  },
};
