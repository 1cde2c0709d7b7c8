/**
 * The loop that runs every command: load, fold, decide, append; once more when the stream moved meanwhile.
 *
 * Commands on one stream are decided in turn on cached state, so that within a process they never collide; the expected
 * revision settles what other processes do. Those that arrive while an append is on its way are decided one after the other as soon as
 * it is durable, and appended together: a stream takes as many commands as arrive, not one for each commit.
 */
import type { Decider, Message } from '../../domain/kernel/decider.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import type { Position, StreamId } from '../../domain/kernel/ids.ts';
import type { AppendOptions, Cause, EventStore, KeyRecord, Recorded } from './ports.ts';
import { createGathering } from './gathering.ts';
import { createRecent } from './recent.ts';

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
  /** The state at this moment, revalidated against the head of the stream; at once where both are known. Never throws, but rejects. */
  load(stream: StreamId): Loaded<State> | Promise<Loaded<State>>;
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
  const readOn = async (stream: StreamId, known: Loaded<State>, head: number | Promise<number>): Promise<Loaded<State>> => {
    if ((await head) === known.revision) return known;
    let { state, revision } = known;
    for await (const event of store.read<Event>(stream, revision + 1)) {
      state = evolve(state, event);
      revision = (event as Recorded).revision;
    }
    return remember(stream, { state, revision });
  };
  const load = (stream: StreamId): Loaded<State> | Promise<Loaded<State>> => {
    const known = cache.get(stream) ?? { state: initialState, revision: -1 };
    const head = store.head(stream);
    // Every request asks this of several streams that have not moved since: a promise for each of them costs more than the answer.
    return head === known.revision ? known : readOn(stream, known, head);
  };
  return { load, remember };
};

/** A command on its way, and who waits for it. */
type Asked<State, Command, Event> = Readonly<{
  command: Command;
  how: Cause & AppendOptions;
  resolve: (outcome: Outcome<State, Event>) => void;
  reject: (error: unknown) => void;
}>;

type Decided<State, Event> = Readonly<{ events: readonly Event[]; state: State; revision: number }> | Readonly<{ error: unknown }>;

/** Commands that one append may carry together. */
const MOST_TOGETHER = 256;

/** Decides commands one after the other, each on the state that those before it lead to. */
const decideAll = <State, Command extends Message, Event extends Message>(
  { decide, evolve }: Decider<State, Command, Event>,
  loaded: Loaded<State>,
  commands: readonly Command[],
): readonly Decided<State, Event>[] => {
  let { state, revision } = loaded;
  return commands.map((command) => {
    try {
      const events = decide(command, state);
      state = events.reduce(evolve, state);
      revision += events.length;
      return { events, state, revision };
    } catch (error) {
      return { error };
    }
  });
};

const eventsOf = <Event>(decided: Decided<unknown, Event>): readonly Event[] => ('error' in decided ? [] : decided.events);

/** The keys of those that have something to append: whoever was refused brings none. */
const keysOf = <Event>(asked: readonly Pick<Asked<unknown, unknown, Event>, 'how'>[], decided: readonly Decided<unknown, Event>[]): readonly KeyRecord[] =>
  asked.flatMap(({ how }, index) => (eventsOf(decided[index] as Decided<unknown, Event>).length === 0 ? [] : (how.keys ?? [])));

/** One command's own way of appending, or that of several: each event with the cause of its command, and the keys of all. */
const howOf = <Event>(asked: readonly Pick<Asked<unknown, unknown, Event>, 'how'>[], decided: readonly Decided<unknown, Event>[]): Cause & AppendOptions => {
  const [first] = asked;
  if (first === undefined) throw new Error('no command to append for');
  if (asked.length === 1) return first.how;
  const keys = keysOf(asked, decided);
  return {
    actor: first.how.actor,
    correlation: first.how.correlation,
    ...(keys.length > 0 && { keys }),
    causes: asked.flatMap(({ how }, index) => eventsOf(decided[index] as Decided<unknown, Event>).map((): Cause => how)),
  };
};

/** What each is told, once what was decided is durable. */
const tell = <State, Event>(asked: readonly Pick<Asked<State, unknown, Event>, 'resolve' | 'reject'>[], decided: readonly Decided<State, Event>[], position: Position | undefined): void => {
  asked.forEach(({ resolve, reject }, index) => {
    const own = decided[index] as Decided<State, Event>;
    if ('error' in own) reject(own.error);
    else resolve({ ...own, position: own.events.length === 0 ? undefined : position });
  });
};

type States<State> = Readonly<{ load: (stream: StreamId) => Loaded<State> | Promise<Loaded<State>>; remember: (stream: StreamId, loaded: Loaded<State>) => Loaded<State> }>;

/** Load, decide, append, once: rejects when nothing of it was stored, and tells nobody then. */
const createAttempt = <State, Command extends Message, Event extends Message>(
  store: EventStore,
  decider: Decider<State, Command, Event>,
  states: States<State>,
) =>
  async (stream: StreamId, group: readonly Asked<State, Command, Event>[]): Promise<void> => {
    const loaded = await states.load(stream);
    const { revision } = loaded;
    const decided = decideAll(decider, loaded, group.map(({ command }) => command));
    const events = decided.flatMap(eventsOf);
    if (events.length === 0) return tell(group, decided, undefined);
    const appended = await store.append(stream, revision < 0 ? 'none' : revision, events, howOf(group, decided));
    // An append that the store recognised as one it already holds says nothing of the state decided on here.
    if (appended.revision !== revision + events.length) {
      return tell(group, [{ events, ...(await states.load(stream)) }], appended.position);
    }
    const { state } = decided.findLast((own) => !('error' in own)) as Loaded<State>;
    states.remember(stream, { state, revision: appended.revision });
    return tell(group, decided, appended.position);
  };

const untilWon = async (attempt: () => Promise<void>): Promise<void> => {
  for (let tried = 1; tried <= ATTEMPTS; tried += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!isLostRace(error)) throw error;
    }
  }
  throw new Rejection('kernel.busy');
};

export const createAggregate = <State, Command extends Message, Event extends Message>(
  store: EventStore,
  decider: Decider<State, Command, Event>,
  { cached = 10_000 }: AggregateOptions = {},
): Aggregate<State, Command, Event> => {
  const states = createStates(store, decider as Decider<State, Message, Event>, cached);
  const attempt = createAttempt(store, decider, states);

  const work = async (stream: string, group: readonly Asked<State, Command, Event>[]): Promise<void> => {
    try {
      await untilWon(() => attempt(stream as StreamId, group));
    } catch (error) {
      // What is wrong with one of them is not the others' fault: each tries for itself.
      if (group.length > 1) for (const one of group) await work(stream, [one]);
      else group[0]?.reject(error);
    }
  };

  // Ids belong to one append: what brings them is appended alone.
  const sociable = ({ how }: Asked<State, Command, Event>): boolean => how.ids === undefined;
  const ask = createGathering<Asked<State, Command, Event>>({ work, sociable, most: MOST_TOGETHER });

  return {
    load: states.load,
    execute: (stream, command, how) => new Promise((resolve, reject) => { ask(stream, { command, how, resolve, reject }); }),
  };
};
