/** One projection in service: its runner, the version that is being served, and its rebuild beside itself. */
import type { EventLog, Logger } from '../../application/kernel/ports.ts';
import type { ReadModelDefinition, ReadModelStore } from '../../application/kernel/read-models.ts';
import type { Position } from '../../domain/kernel/ids.ts';
import type { OnPoison } from './fold.ts';
import type { Freshness } from './freshness.ts';
import type { AnyProjection } from './projection.ts';
import { createRunner, type Runner } from './runner.ts';

export type LiveModelOptions = Readonly<{
  projection: AnyProjection;
  log: EventLog;
  store: ReadModelStore;
  logger: Logger;
  freshness: Freshness;
  onPoison: OnPoison;
}>;

/** A runner at work, and how to stop it. */
type Run = Readonly<{ runner: Runner; stop: () => Promise<void> }>;

/** Whether the questions asked of the new version can be asked of an older one. */
const covers = (older: ReadModelDefinition, newer: ReadModelDefinition): boolean => {
  const known = new Set(older.indexes.map((index) => index.join()));
  return newer.indexes.every((index) => known.has(index.join()));
};

export class LiveModel {
  readonly #options: LiveModelOptions;
  readonly #caughtUp = Promise.withResolvers<void>();
  #serving: ReadModelDefinition;
  #target: Position | undefined;
  #run: Run | undefined;
  #rebuilding: Promise<void> | undefined;
  #ready = false;
  #older: readonly ReadModelDefinition[] = [];
  #tidied: Promise<void> | undefined;

  constructor(options: LiveModelOptions) {
    this.#options = options;
    this.#serving = options.projection;
  }

  get name(): string {
    return this.#options.projection.name;
  }

  /** What questions are answered from: an older version until the new one has caught up for the first time. */
  get serving(): ReadModelDefinition {
    return this.#serving;
  }

  get ready(): boolean {
    return this.#ready;
  }

  get caughtUp(): Promise<void> {
    return this.#caughtUp.promise;
  }

  get position(): Position | undefined {
    return this.#run?.runner.position;
  }

  /** `target`: the head of the log at the start, which the model must reach to be ready. */
  async start(target: Position | undefined): Promise<void> {
    const { projection, store } = this.#options;
    this.#target = target;
    await store.drop(this.#shadow());
    await store.prepare(projection);
    const older = (await store.versions(projection.name)).filter(({ version }) => version < projection.version);
    const fallback = older.findLast((definition) => covers(definition, projection));
    const checkpoint = await store.checkpoint(projection);
    const isBehind = (checkpoint ?? '') < (target ?? '');
    if (fallback !== undefined && isBehind) this.#serving = fallback;
    // Checkpoints are rare: what was written and answered before the process ended may be missing, and read-your-writes outlives it.
    else if (target !== undefined && isBehind) this.#options.freshness.owes(this.name, target);
    this.#older = older;
    this.#run = this.#launch(projection, (position) => this.#progress(position));
    if (target === undefined) this.#arrive();
  }

  async stop(): Promise<void> {
    await this.#rebuilding?.catch(() => undefined);
    await this.#run?.stop();
    await this.#tidied;
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
      await store.promote(shadow, projection);
    } finally {
      await filling.stop();
      await this.#run?.stop();
      this.#run = this.#launch(projection, (position) => this.#progress(position));
    }
  }

  #shadow(): AnyProjection {
    return { ...this.#options.projection, name: `${this.name}~rebuild` };
  }

  #launch(projection: AnyProjection, onProgress: (position: Position) => void): Run {
    const { log, store, logger, onPoison, freshness } = this.#options;
    const stopping = new AbortController();
    const isAwaited = (): boolean => freshness.awaited(projection.name);
    const feed = log.feed({ types: Object.keys(projection.on) });
    const runner = createRunner({ projection, feed, head: () => log.head(), store, logger, onPoison, onProgress, isAwaited });
    freshness.whenAwaited(projection.name, () => runner.hurry());
    const running = runner.run(stopping.signal);
    const stop = (): Promise<void> => {
      stopping.abort();
      return running;
    };
    return { runner, stop };
  }

  #progress(position: Position): void {
    if (!this.#ready && this.#target !== undefined && position >= this.#target) this.#arrive();
    // What is not served yet must not be waited for: an answer would come from the older version.
    if (this.#serving === this.#options.projection) this.#options.freshness.reached(this.name, position);
  }

  #arrive(): void {
    this.#ready = true;
    this.#serving = this.#options.projection;
    this.#tidied = this.#dropOlder();
    this.#caughtUp.resolve();
  }

  async #dropOlder(): Promise<void> {
    for (const definition of this.#older) {
      await this.#options.store.drop(definition).catch((error: unknown) => this.#options.logger.warn({ error, projection: this.name }, 'an older version could not be removed'));
    }
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
