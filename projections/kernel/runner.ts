/**
 * Keeps one read model up with the log: batches, in order, documents and checkpoint in one commit. While a batch is being
 * committed the next one is read and folded.
 */
import type { EventFeed, Logger, Recorded } from '../../application/kernel/ports.ts';
import type { Change, ReadModelStore } from '../../application/kernel/read-models.ts';
import type { Position } from '../../domain/kernel/ids.ts';
import { createDocuments, type Documents } from './documents.ts';
import { fold, type OnPoison } from './fold.ts';
import { forget, stretchesOf } from './forgetting.ts';
import { pause, yieldToOthers } from './pause.ts';
import type { AnyProjection } from './projection.ts';

/** How soon others are to see what a runner has done. */
export type Pace = Readonly<{
  /** Milliseconds for which events gather at the end of a log that moves all the time, unless somebody waits for them: 100 unless given. */
  gatheringMs?: number;
  /** Where the model stands is stored at the latest so many milliseconds after the log has come to rest; unless given, when the runner stops. */
  settleMs?: number;
}>;

export type RunnerOptions = Readonly<{
  projection: AnyProjection;
  feed: EventFeed;
  store: ReadModelStore;
  logger: Logger;
  onPoison: OnPoison;
  /** Told whenever the model stands somewhere new, committed; also past events that it ignores. */
  onProgress: (position: Position) => void;
  batch?: number;
  /** Where the log ends: near it, events gather. */
  head: () => Promise<Position | undefined>;
  /** Whether somebody waits for this model. Without it, nobody ever does. */
  isAwaited?: () => boolean;
  pace?: Pace | undefined;
}>;

export interface Runner {
  /** Runs until `signal` fires, then finishes the batch at hand and stores where the model stands. */
  run(signal: AbortSignal): Promise<void>;
  readonly position: Position | undefined;
  /** Somebody has begun to wait for this model: what has gathered is looked at now. */
  hurry(): void;
}

/** Events in one commit at most: with more of them, pages that many touch are written less often. */
const BATCH = 2_000;
const DOCUMENTS_KEPT = 10_000;
/** Pulls without any change after which the bare checkpoint is stored. */
const IDLE_PULLS = 16;
const RETRY_MS = 1_000;
const GATHERING_MS = 100;

class LogRunner implements Runner {
  readonly #options: RunnerOptions;
  readonly #documents: Documents;
  /** Where the next pull begins, and what the store's checkpoint is once everything on its way there has arrived. */
  #scanned: Position | undefined;
  #committing: Position | undefined;
  #position: Position | undefined;
  #idle = 0;
  #gathering = new AbortController();

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#documents = createDocuments(options.store, options.projection, DOCUMENTS_KEPT);
  }

  get position(): Position | undefined {
    return this.#position;
  }

  hurry(): void {
    this.#gathering.abort();
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#follow(signal);
      } catch (error) {
        // Whatever it was (another runner, a full disk), the store knows where the model stands: begin again there.
        this.#options.logger.error({ error, projection: this.#options.projection.name }, 'a projection stopped, and begins again at its checkpoint');
        await pause(RETRY_MS, signal);
      }
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    await this.#begin();
    const { feed, batch = BATCH, head } = this.#options;
    const failing = new AbortController();
    const stop = AbortSignal.any([signal, failing.signal]);
    let commit = Promise.resolve();
    while (!stop.aborted) {
      const end = (await head()) ?? '';
      const { events, scannedTo } = await feed.pull(this.#scanned, batch, this.#patience(stop));
      if (scannedTo === undefined || scannedTo === this.#scanned) {
        await commit;
        await this.#settle();
        continue;
      }
      const changes = await this.#fold(this.#options.projection.forgets === undefined ? events : await this.#forgetIn(events, commit));
      await commit;
      commit = this.#advance(changes, scannedTo);
      commit.catch(() => failing.abort());
      this.#scanned = scannedTo;
      await (scannedTo >= end ? this.#gather(stop) : yieldToOthers());
    }
    await commit;
    await this.#settle();
  }

  #fold(events: readonly Recorded[]): Promise<readonly Change[]> {
    return fold(this.#options.projection, this.#documents, events, this.#options.onPoison);
  }

  /** Takes up a page as far as the last event at which the model forgets something; what is left of it. `commit`: what is on its way to the store. */
  async #forgetIn(events: readonly Recorded[], commit: Promise<void>): Promise<readonly Recorded[]> {
    const { projection, store, onPoison } = this.#options;
    const [first, ...others] = stretchesOf(projection, events, onPoison);
    let before = first.events;
    if (others.length > 0) await commit;
    for (const stretch of others) {
      const last = before.at(-1);
      if (last !== undefined) await this.#advance(await this.#fold(before), last.position);
      // Without a checkpoint there is nothing to forget. What was loaded meanwhile may be gone.
      if (this.#committing !== undefined && (await forget(store, projection, stretch, this.#committing))) this.#documents.forget();
      before = stretch.events;
    }
    return before;
  }

  /** Until when the next pull waits for the log to move: not for ever while the store does not know where the model stands. */
  #patience(stop: AbortSignal): AbortSignal {
    const { pace: { settleMs } = {} } = this.#options;
    return settleMs === undefined || this.#scanned === this.#committing ? stop : AbortSignal.any([stop, AbortSignal.timeout(settleMs)]);
  }

  async #gather(stop: AbortSignal): Promise<void> {
    if (this.#options.isAwaited?.() === true) return yieldToOthers();
    this.#gathering = new AbortController();
    return pause(this.#options.pace?.gatheringMs ?? GATHERING_MS, AbortSignal.any([stop, this.#gathering.signal]));
  }

  async #begin(): Promise<void> {
    this.#documents.forget();
    this.#committing = await this.#options.store.checkpoint(this.#options.projection);
    this.#scanned = this.#committing;
    this.#idle = 0;
    if (this.#scanned !== undefined) this.#progress(this.#scanned);
  }

  async #advance(changes: readonly Change[], to: Position): Promise<void> {
    this.#idle = changes.length === 0 ? this.#idle + 1 : 0;
    if (changes.length > 0 || this.#idle >= IDLE_PULLS) await this.#commit(changes, to);
    this.#progress(to);
  }

  async #commit(changes: readonly Change[], to: Position): Promise<void> {
    const from = this.#committing;
    this.#committing = to;
    this.#idle = 0;
    await this.#options.store.commit(this.#options.projection, changes, from, to);
  }

  async #settle(): Promise<void> {
    if (this.#position !== undefined && this.#position !== this.#committing) await this.#commit([], this.#position);
  }

  #progress(position: Position): void {
    this.#position = position;
    this.#options.onProgress(position);
  }
}

export const createRunner = (options: RunnerOptions): Runner => new LogRunner(options);
