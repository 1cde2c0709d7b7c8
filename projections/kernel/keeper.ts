/** Keeps one read model up with the log in this process, and fills it anew beside itself when asked to. */
import type { EventLog, Logger } from '../../application/kernel/ports.ts';
import type { ReadModelStore } from '../../application/kernel/read-models.ts';
import type { Position } from '../../domain/kernel/ids.ts';
import type { OnPoison } from './fold.ts';
import type { Freshness } from './freshness.ts';
import type { AnyProjection } from './projection.ts';
import { createRunner, type Pace, type Runner } from './runner.ts';

export type KeeperOptions = Readonly<{
  projection: AnyProjection;
  log: EventLog;
  store: ReadModelStore;
  logger: Logger;
  freshness: Pick<Freshness, 'awaited' | 'whenAwaited'>;
  onPoison: OnPoison;
  onProgress: (position: Position) => void;
  pace?: Pace | undefined;
}>;

/** A runner at work, and how to stop it. */
type Run = Readonly<{ runner: Runner; stop: () => Promise<void> }>;

export class Keeper {
  readonly #options: KeeperOptions;
  #run: Run | undefined;
  #rebuilding: Promise<void> | undefined;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  get position(): Position | undefined {
    return this.#run?.runner.position;
  }

  /** Begins; what a rebuild left behind that did not end goes first. */
  async start(): Promise<void> {
    await this.#options.store.drop(this.#shadow());
    this.#run = this.#launchLive();
  }

  /** Finishes what is at hand. */
  async stop(): Promise<void> {
    await this.#rebuilding?.catch(() => undefined);
    await this.#run?.stop();
  }

  /** Somebody waits for this model. */
  hurry(): void {
    this.#run?.runner.hurry();
  }

  /** Fills a shadow from the beginning while this model goes on, then puts it in this model's place. */
  rebuild(signal: AbortSignal): Promise<void> {
    this.#rebuilding ??= this.#rebuild(signal).finally(() => {
      this.#rebuilding = undefined;
    });
    return this.#rebuilding;
  }

  async #rebuild(signal: AbortSignal): Promise<void> {
    const { projection, store, log } = this.#options;
    const shadow = this.#shadow();
    await store.drop(shadow);
    await store.prepare(shadow);
    const filled = new Milestone(signal);
    const filling = this.#launch(shadow, (position) => filled.reached(position));
    try {
      await filled.at(await log.head());
      // The live model waits now, so that the shadow includes all that has been answered from it before it takes over.
      await this.#run?.stop();
      await filled.at(this.position);
      await filling.stop();
      // Another process may keep this model by now, and fill it anew beside itself.
      signal.throwIfAborted();
      await store.promote(shadow, projection, filling.runner.position);
    } finally {
      await filling.stop();
      await this.#run?.stop();
      this.#run = this.#launchLive();
    }
  }

  #shadow(): AnyProjection {
    return { ...this.#options.projection, name: `${this.#options.projection.name}~rebuild` };
  }

  #launchLive(): Run {
    return this.#launch(this.#options.projection, this.#options.onProgress);
  }

  #launch(projection: AnyProjection, onProgress: (position: Position) => void): Run {
    const { log, store, logger, onPoison, freshness, pace } = this.#options;
    const stopping = new AbortController();
    const isAwaited = (): boolean => freshness.awaited(projection.name);
    const feed = log.feed({ types: Object.keys(projection.on) });
    const runner = createRunner({ projection, feed, head: () => log.head(), store, logger, onPoison, onProgress, isAwaited, pace });
    const running = runner.run(stopping.signal);
    const stop = (): Promise<void> => {
      stopping.abort();
      return running;
    };
    return { runner, stop };
  }
}

/** Waits for a runner's progress. */
class Milestone {
  readonly #signal: AbortSignal;
  #position: Position | '' = '';
  #wake: () => void = () => undefined;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#wake(), { once: true });
  }

  reached(position: Position): void {
    this.#position = position;
    this.#wake();
  }

  /** Rejects when the signal fires first. */
  async at(position: Position | undefined): Promise<void> {
    const isShort = (): boolean => this.#position < (position ?? '');
    while (isShort()) {
      this.#signal.throwIfAborted();
      await new Promise<void>((resolve) => { this.#wake = resolve; });
    }
  }
}
