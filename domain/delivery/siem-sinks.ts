/** Decides over the SIEM sinks of one owner: made, changed, paused, resumed, deleted. */
import { otherwise, type Decider, type Message } from '../kernel/decider.ts';
import { reject } from '../kernel/rejection.ts';
import { isSameBox } from './sealed-url.ts';
import type { SiemSinkCreated, SiemSinkEvent, SinkSettings, SinkTarget } from './siem-sink.events.ts';

/** A sink that is there. `changes`: how often it was changed. */
export type SiemSink = SiemSinkCreated['data'] & Readonly<{ paused: boolean; changes: number }>;

export type SiemSinksState = Readonly<{
  /** In the order in which they were made. */
  sinks: ReadonlyMap<string, SiemSink>;
  /** The last that were deleted, so that deleting twice is deleting once. */
  deleted: readonly string[];
}>;

export type CreateSiemSink = Message<'CreateSiemSink', Omit<SiemSinkCreated['data'], 'createdAt'> & Readonly<{ at: string }>>;
/** `basis`: the sink's `changes` as whoever decided on a new target or secret saw them; those two belong together. */
export type ChangeSiemSink = Message<'ChangeSiemSink', Readonly<{ sinkId: string; settings: Partial<SinkSettings>; basis: number; at: string }>>;
type OnOne = Readonly<{ sinkId: string; at: string }>;
export type PauseSiemSink = Message<'PauseSiemSink', OnOne>;
export type ResumeSiemSink = Message<'ResumeSiemSink', OnOne>;
export type DeleteSiemSink = Message<'DeleteSiemSink', OnOne>;
export type SiemSinkCommand = CreateSiemSink | ChangeSiemSink | PauseSiemSink | ResumeSiemSink | DeleteSiemSink;

/** Each follows the log by itself. */
export const MOST_SINKS = 20;
const REMEMBERED = 100;

const initialState: SiemSinksState = { sinks: new Map(), deleted: [] };

const withSink = (state: SiemSinksState, sink: SiemSink): SiemSinksState => ({ ...state, sinks: new Map(state.sinks).set(sink.sinkId, sink) });

const setPaused = (state: SiemSinksState, sinkId: string, paused: boolean): SiemSinksState => {
  const sink = state.sinks.get(sinkId);
  return sink === undefined ? state : withSink(state, { ...sink, paused });
};

const settingsOf = ({ name, target, types, secret }: SinkSettings): SinkSettings => ({ name, target, types, secret });

const changed = (state: SiemSinksState, sinkId: string, settings: SinkSettings): SiemSinksState => {
  const sink = state.sinks.get(sinkId);
  return sink === undefined ? state : withSink(state, { ...sink, ...settingsOf(settings), changes: sink.changes + 1 });
};

const evolve = (state: SiemSinksState, event: SiemSinkEvent): SiemSinksState => {
  switch (event.type) {
    case 'SiemSinkCreated':
      return withSink(state, { ...event.data, paused: false, changes: 0 });
    case 'SiemSinkChanged':
      return changed(state, event.data.sinkId, event.data);
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

const isSameTarget = (one: SinkTarget, other: SinkTarget): boolean => {
  if (one.kind === 'ocsf-http' && other.kind === 'ocsf-http') return isSameBox(one.url, other.url) && one.header === other.header;
  const [members, others] = [one, other].map((target) => new Map<string, unknown>(Object.entries(target)));
  return members?.size === others?.size && [...(members ?? [])].every(([name, value]) => others?.get(name) === value);
};

const isSameSecret = (one: SinkSettings['secret'], other: SinkSettings['secret']): boolean =>
  one === other || (one !== null && other !== null && isSameBox(one, other));

const isSameTypes = (one: SinkSettings['types'], other: SinkSettings['types']): boolean =>
  one === other || (one !== null && other !== null && one.length === other.length && one.every((type) => other.includes(type)));

const change = ({ sinkId, settings, basis, at }: ChangeSiemSink['data'], sink: SiemSink): readonly SiemSinkEvent[] => {
  const next = { ...settingsOf(sink), ...settings };
  const sameWhere = isSameTarget(next.target, sink.target) && isSameSecret(next.secret, sink.secret);
  if (sameWhere && next.name === sink.name && isSameTypes(next.types, sink.types)) return [];
  // A secret is for the receiver that whoever set it has seen.
  if (!sameWhere && basis !== sink.changes) return reject('delivery.sink_changed');
  return [{ type: 'SiemSinkChanged', data: { sinkId, ...next, changedAt: at } }];
};

const decideOne = (command: Exclude<SiemSinkCommand, CreateSiemSink>, sink: SiemSink): readonly SiemSinkEvent[] => {
  const { paused } = sink;
  const { sinkId, at } = command.data;
  switch (command.type) {
    case 'ChangeSiemSink':
      return change(command.data, sink);
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

/** Rejects with `delivery.too_many_sinks` {limit}, `delivery.sink_not_found`, and `delivery.sink_changed` where somebody else was first. */
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
