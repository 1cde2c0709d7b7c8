/**
 * The loop that runs every command: load, fold, decide, append; once more when the stream moved meanwhile.
 *
 * Commands on one stream are decided in turn on cached state, so that within a process they never collide; the expected
 * revision settles what other processes do.
 */
import type { Decider, Message } from '../../domain/kernel/decider.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import type { Position, StreamId } from '../../domain/kernel/ids.ts';
import type { AppendOptions, Cause, EventStore, Recorded } from './ports.ts';
import { createRecent } from './recent.ts';
import { createTurns } from './turns.ts';

export type Loaded<State> = Readonly<{ state: State; revision: number }>;

export type Outcome<State, Event> = Readonly<{
  /** What this command added; empty when it had nothing (left) to do. */
  events: readonly Event[];
  state: State;
  revision: number;
  /** Where it landed; undefined when nothing was added. */
  position: Position | undefined;
}>;

/** One kind of aggregate: how to decide, and how many folded states to keep (0: none). */
export interface Aggregate<State, Command extends Message, Event extends Message> {
  /** The state at this moment, revalidated against the head of the stream. */
  load(stream: StreamId): Promise<Loaded<State>>;
  /** Rejects with the decider's `Rejection`, or with `kernel.busy` after ten lost races. */
  execute(stream: StreamId, command: Command, how: Cause & AppendOptions): Promise<Outcome<State, Event>>;
}

const ATTEMPTS = 10;

const isLostRace = (error: unknown): boolean => error instanceof Rejection && error.code === 'kernel.wrong_revision';

export type AggregateOptions = Readonly<{ cached?: number }>;

/** Folded states by stream, least recently used out first, each revalidated against the head of its stream. */
const createStates = <State, Event extends Message>(
  store: EventStore,
  { initialState, evolve }: Decider<State, Message, Event>,
  capacity: number,
) => {
  const cache = createRecent<StreamId, Loaded<State>>(capacity);
  const remember = (stream: StreamId, loaded: Loaded<State>): Loaded<State> => {
    if (capacity > 0 && loaded.revision >= 0) cache.set(stream, loaded);
    return loaded;
  };
  const load = async (stream: StreamId): Promise<Loaded<State>> => {
    const known = cache.get(stream) ?? { state: initialState, revision: -1 };
    if ((await store.head(stream)) === known.revision) return remember(stream, known);
    let { state, revision } = known;
    for await (const event of store.read<Event>(stream, revision + 1)) {
      state = evolve(state, event);
      revision = (event as Recorded).revision;
    }
    return remember(stream, { state, revision });
  };
  return { load, remember };
};

export const createAggregate = <State, Command extends Message, Event extends Message>(
  store: EventStore,
  decider: Decider<State, Command, Event>,
  { cached = 10_000 }: AggregateOptions = {},
): Aggregate<State, Command, Event> => {
  const inTurn = createTurns();
  const states = createStates(store, decider as Decider<State, Message, Event>, cached);

  const attempt = async (stream: StreamId, command: Command, how: Cause & AppendOptions): Promise<Outcome<State, Event>> => {
    const { state, revision } = await states.load(stream);
    const events = decider.decide(command, state);
    if (events.length === 0) return { events, state, revision, position: undefined };
    const appended = await store.append(stream, revision < 0 ? 'none' : revision, events, how);
    // An append that the store recognised as one it already holds says nothing of the state decided on here.
    if (appended.revision !== revision + events.length) return { events, ...(await states.load(stream)), position: appended.position };
    const next = states.remember(stream, { state: events.reduce(decider.evolve, state), revision: appended.revision });
    return { events, ...next, position: appended.position };
  };

  const execute = async (stream: StreamId, command: Command, how: Cause & AppendOptions): Promise<Outcome<State, Event>> => {
    for (let tried = 1; tried <= ATTEMPTS; tried += 1) {
      try {
        return await attempt(stream, command, how);
      } catch (error) {
        if (!isLostRace(error)) throw error;
      }
    }
    throw new Rejection('kernel.busy');
  };

  return { load: states.load, execute: (stream, command, how) => inTurn(stream, () => execute(stream, command, how)) };
};
