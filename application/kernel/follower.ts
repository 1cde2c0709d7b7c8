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
  position(): Promise<Position | undefined>;
}

const BATCH = 100;

export const createFollower = ({ name, feed, state, handle, batch = BATCH }: FollowerOptions): Follower => {
  const position = async (): Promise<Position | undefined> => (await state.get(FOLLOWER_CHECKPOINTS, name)) as Position | undefined;
  const move = async (from: Position | undefined, to: Position): Promise<Position> => {
    const moved = await state.compareAndSet(FOLLOWER_CHECKPOINTS, name, from, { value: to });
    return moved ? to : reject('kernel.fenced', { follower: name });
  };
  return {
    position,
    run: async (signal) => {
      let place = await position();
      while (!signal.aborted) {
        const { events, scannedTo } = await feed.pull(place, batch, signal);
        if (scannedTo === undefined || scannedTo === place) continue;
        if (events.length > 0) await handle(events);
        place = await move(place, scannedTo);
      }
    },
  };
};
