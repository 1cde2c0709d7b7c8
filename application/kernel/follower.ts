/**
 * Follows the log with a checkpoint of its own, which no rebuild resets: for what has effects outside (publishing, mail, further commands).
 * The checkpoint moves after the effect, so that a crash repeats an effect rather than losing it.
 */
import type { Position } from '../../domain/kernel/ids.ts';
import { reject } from '../../domain/kernel/rejection.ts';
import type { EventFeed, Recorded } from './ports.ts';
import type { StateStore } from './state.ts';

/** Scope of the checkpoints in the state store; the key is the follower's name. */
export const FOLLOWER_CHECKPOINTS = 'checkpoint:follower';

export type FollowerOptions = Readonly<{
  name: string;
  feed: EventFeed;
  state: StateStore;
  /** Handles events in order. What it resolved is not handed to it again, unless a crash comes first. */
  handle: (events: readonly Recorded[]) => Promise<void>;
  batch?: number;
}>;

export interface Follower {
  /**
   * Runs until `signal` fires, finishing the batch at hand. Rejects with what `handle` rejects with, or with `kernel.fenced` when another
   * follower of this name is at work; to be started again, when and as often as the caller sees fit.
   */
  run(signal: AbortSignal): Promise<void>;
  /** What it has handled or passed over: at least its checkpoint. */
  position(): Promise<Position | undefined>;
}

const BATCH = 100;
/** Pulls without anything for this follower after which the bare checkpoint is stored: after a crash they are looked through again. */
const IDLE_PULLS = 256;

type Move = (from: Position | undefined, to: Position) => Promise<void>;

/** The checkpoint of one run: moved where there was something to do, and now and then where there was not. */
const createCheckpoint = (from: Position | undefined, move: Move) => {
  let [at, idle] = [from, 0];
  const store = async (to: Position): Promise<void> => {
    if (to !== at) await move(at, to);
    at = to;
  };
  const passed = async (to: Position, handled: boolean): Promise<void> => {
    idle = handled ? 0 : idle + 1;
    if (idle % IDLE_PULLS === 0) await store(to);
  };
  return { store, passed };
};

export const createFollower = ({ name, feed, state, handle, batch = BATCH }: FollowerOptions): Follower => {
  const stored = async (): Promise<Position | undefined> => (await state.get(FOLLOWER_CHECKPOINTS, name)) as Position | undefined;
  const move: Move = async (from, to) => {
    const moved = await state.compareAndSet(FOLLOWER_CHECKPOINTS, name, from, { value: to });
    if (!moved) reject('kernel.fenced', { follower: name });
  };
  /** Where the run under way stands: ahead of the checkpoint by events that are not for this follower. */
  let here: Position | undefined;

  const follow = async (from: Position | undefined, signal: AbortSignal): Promise<void> => {
    const checkpoint = createCheckpoint(from, move);
    let place = from;
    while (!signal.aborted) {
      const { events, scannedTo } = await feed.pull(place, batch, signal);
      if (scannedTo === undefined || scannedTo === place) continue;
      if (events.length > 0) await handle(events);
      place = scannedTo;
      await checkpoint.passed(place, events.length > 0);
      here = place;
    }
    if (place !== undefined) await checkpoint.store(place);
  };

  return {
    position: async () => here ?? stored(),
    run: async (signal) => {
      try {
        await follow(await stored(), signal);
      } finally {
        here = undefined;
      }
    },
  };
};
