/**
 * A series of streams that stand for one that would grow without end: what is asked is asked of the newest volume, and a full one is
 * closed and followed by the next, which begins with what is left of it.
 */
import type { Message } from '../../domain/kernel/decider.ts';
import type { StreamId, TenantId } from '../../domain/kernel/ids.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import type { Aggregate, Outcome } from './command-handler.ts';
import type { AppendOptions, Cause, EventStore } from './ports.ts';
import { createRecent } from './recent.ts';

/** `name` tells a tenant's series apart. */
export type Series = Readonly<{ tenant: TenantId; name: string }>;

export interface Volumes<State, Command extends Message, Event extends Message> {
  /** The state of the newest volume at this moment. */
  load(series: Series): Promise<State>;
  /** Asked of the newest volume, and of the next when that one is closed or is closed by this. Rejects with what the decider rejects. */
  execute(series: Series, command: Command, how: Cause & AppendOptions): Promise<Outcome<State, Event>>;
}

export type VolumesDeps<State, Command extends Message, Event extends Message> = Readonly<{
  store: EventStore;
  volumes: Aggregate<State, Command, Event>;
  /** `volume` counts from 0. */
  stream: (series: Series, volume: number) => StreamId;
  isClosed: (state: State) => boolean;
  /** The code by which a closed volume refuses. */
  refusal: string;
  /** The command that begins a volume after a closed one. It is nothing to do where the volume has begun. */
  open: (closed: State) => Command;
}>;

/** Series whose newest volume is remembered. */
const REMEMBERED = 10_000;

const keyOf = ({ tenant, name }: Series): string => `${tenant} ${name}`;

/** Strides that double until there is nothing, and halve again: each volume but the newest is followed by another. */
const findNewest = async (exists: (volume: number) => Promise<boolean>): Promise<number> => {
  let volume = 0;
  let stride = 1;
  for (; await exists(volume + stride); stride *= 2) volume += stride;
  for (; stride >= 1; stride /= 2) if (await exists(volume + stride)) volume += stride;
  return volume;
};

/** Undefined when the volume did not take the command, because it is closed. */
const createAsk =
  <State, Command extends Message, Event extends Message>({ volumes, isClosed, refusal }: VolumesDeps<State, Command, Event>) =>
  async (at: StreamId, command: Command, how: Cause & AppendOptions): Promise<Outcome<State, Event> | undefined> => {
    try {
      const outcome = await volumes.execute(at, command, how);
      return isClosed(outcome.state) && outcome.events.length > 0 ? undefined : outcome;
    } catch (error) {
      if (error instanceof Rejection && error.code === refusal) return undefined;
      throw error;
    }
  };

export const createVolumes = <State, Command extends Message, Event extends Message>(
  deps: VolumesDeps<State, Command, Event>,
): Volumes<State, Command, Event> => {
  const { store, volumes, stream, isClosed } = deps;
  const ask = createAsk(deps);
  /** The newest volume as far as this process knows: there may be newer ones, but none is newer than a closed one by more than one. */
  const newest = createRecent<string, number>(REMEMBERED);
  const exists = async (series: Series, volume: number): Promise<boolean> => (await store.head(stream(series, volume))) >= 0;

  const current = async (series: Series): Promise<number> => {
    const known = newest.get(keyOf(series)) ?? (await findNewest((volume) => exists(series, volume)));
    newest.set(keyOf(series), known);
    return known;
  };

  const goOn = async (series: Series, closed: number, { actor, correlation }: Cause): Promise<void> => {
    const { state } = await volumes.load(stream(series, closed));
    await volumes.execute(stream(series, closed + 1), deps.open(state), { actor, correlation });
    newest.set(keyOf(series), Math.max(newest.get(keyOf(series)) ?? 0, closed + 1));
  };

  return {
    load: async (series) => {
      for (let volume = await current(series); ; volume += 1) {
        const { state } = await volumes.load(stream(series, volume));
        // Another process may have gone on meanwhile; a closed volume that is the last still counts right.
        if (!isClosed(state) || !(await exists(series, volume + 1))) return state;
      }
    },
    execute: async (series, command, how) => {
      for (;;) {
        const volume = await current(series);
        const outcome = await ask(stream(series, volume), command, how);
        if (outcome !== undefined) return outcome;
        await goOn(series, volume, how);
      }
    },
  };
};
