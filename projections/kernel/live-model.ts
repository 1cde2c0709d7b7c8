/** One projection in service: the version that is being served, and who keeps it up with the log: this process, or whichever holds its lease. */
import type { Leases } from '../../application/kernel/leases.ts';
import type { EventLog, Logger } from '../../application/kernel/ports.ts';
import type { ReadModelDefinition, ReadModelStore } from '../../application/kernel/read-models.ts';
import type { Position } from '../../domain/kernel/ids.ts';
import type { OnPoison } from './fold.ts';
import type { Freshness } from './freshness.ts';
import { Keeper } from './keeper.ts';
import type { LogWatch } from './log-watch.ts';
import { pause } from './pause.ts';
import type { AnyProjection } from './projection.ts';
import type { RebuildRequests } from './rebuild-requests.ts';
import { createWatcher } from './watcher.ts';

/** What several processes need that share a log and its read models. */
export type Sharing = Readonly<{
  leases: Leases;
  watch: LogWatch;
  requests: RebuildRequests;
  /** Whether this process is one of those that keep read models up with the log. */
  projects: boolean;
}>;

export type LiveModelOptions = Readonly<{
  projection: AnyProjection;
  log: EventLog;
  store: ReadModelStore;
  logger: Logger;
  freshness: Freshness;
  onPoison: OnPoison;
  /** Without it this process is alone with its log. */
  sharing?: Sharing | undefined;
}>;

/** Other processes wait where nobody sees it: what has changed is committed soon, and where a model stands is never long unknown. */
const SHARED_PACE = { gatheringMs: 20, settleMs: 1_000 } as const;

/** Before a model is kept again that could not be. */
const AGAIN_MS = 1_000;

/** Whether the questions asked of the new version can be asked of an older one. */
const covers = (older: ReadModelDefinition, newer: ReadModelDefinition): boolean => {
  const known = new Set(older.indexes.map((index) => index.join()));
  return newer.indexes.every((index) => known.has(index.join()));
};

export class LiveModel {
  readonly #options: LiveModelOptions;
  readonly #caughtUp = Promise.withResolvers<void>();
  readonly #stopping = new AbortController();
  #serving: ReadModelDefinition;
  #target: Position | undefined;
  #position: Position | undefined;
  #keeper: Keeper | undefined;
  #keeping: Promise<unknown> = Promise.resolve();
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
    return this.#position;
  }

  /** `target`: the head of the log at the start, which the model must reach to be ready. */
  async start(target: Position | undefined): Promise<void> {
    const { projection, store, sharing } = this.#options;
    this.#target = target;
    await store.prepare(projection);
    await this.#chooseServing(target);
    if (sharing === undefined) await this.#keep();
    else this.#share(sharing);
    if (target === undefined) this.#arrive();
  }

  async #chooseServing(target: Position | undefined): Promise<void> {
    const { projection, store, freshness, sharing } = this.#options;
    const older = (await store.versions(projection.name)).filter(({ version }) => version < projection.version);
    const isBehind = target !== undefined && ((await store.checkpoint(projection)) ?? '') < target;
    // Others may still answer from an older version when this process has caught up: what nobody is behind with at a start can go.
    this.#older = sharing === undefined || !isBehind ? older : [];
    if (!isBehind) return;
    const fallback = older.findLast((definition) => covers(definition, projection));
    if (fallback !== undefined) this.#serving = fallback;
    // Checkpoints are rare: what was written and answered before the process ended may be missing, and read-your-writes outlives it.
    else freshness.owes(this.name, target);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#keeping;
    await this.#keeper?.stop();
    await this.#tidied;
  }

  /** Fills a shadow from the beginning while this model goes on, then puts it in this model's place; whoever keeps this model does it. */
  async rebuild(signal: AbortSignal): Promise<void> {
    const { sharing } = this.#options;
    await (sharing === undefined ? this.#keeper?.rebuild(signal) : sharing.requests.ask(this.name, signal));
  }

  /** Keeps the model up with the log from now on. */
  async #keep(): Promise<Keeper> {
    const { freshness, sharing } = this.#options;
    const pace = sharing === undefined ? undefined : SHARED_PACE;
    const keeper = new Keeper({ ...this.#options, pace, onProgress: (position) => this.#progress(position) });
    if (sharing === undefined) freshness.whenAwaited(this.name, () => keeper.hurry());
    await keeper.start();
    this.#keeper = keeper;
    return keeper;
  }

  #share(sharing: Sharing): void {
    const { projection, store, freshness, logger } = this.#options;
    const watcher = createWatcher({ projection, store, freshness, logger, watch: sharing.watch, onProgress: (position) => this.#progress(position) });
    freshness.whenAwaited(this.name, () => {
      watcher.hurry();
      this.#keeper?.hurry();
    });
    const watching = watcher.run(this.#stopping.signal);
    this.#keeping = Promise.all([watching, sharing.projects ? this.#keepInTurn(sharing) : undefined]);
  }

  /** Keeps the model for as long as this process holds its lease, again and again, also where that cannot begin now: others may take the lease meanwhile. */
  async #keepInTurn(sharing: Sharing): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await this.#keepHeld(sharing, signal);
      } catch (error) {
        this.#options.logger.error({ error, projection: this.name }, 'a read model cannot be kept now');
        await pause(AGAIN_MS, signal);
      }
    }
  }

  async #keepHeld({ leases, requests }: Sharing, signal: AbortSignal): Promise<void> {
    await leases.hold(`projection:${this.name}`, signal, async (held) => {
      const keeper = await this.#keep();
      await requests.serve(this.name, (ending) => keeper.rebuild(ending), held);
      this.#keeper = undefined;
      await keeper.stop();
    }, 'projections');
  }

  #progress(position: Position): void {
    if (position <= (this.#position ?? '')) return;
    this.#position = position;
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
