/** All projections of the program together: started and stopped, asked about, rebuilt. */
import type { Leases } from '../../application/kernel/leases.ts';
import { createLag, type LagBehind } from '../../application/kernel/lag.ts';
import type { Clock, EventLog, Logger } from '../../application/kernel/ports.ts';
import type { StateStore } from '../../application/kernel/state.ts';
import type { ReadModelStore } from '../../application/kernel/read-models.ts';
import type { Position } from '../../domain/kernel/ids.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import type { OnPoison } from './fold.ts';
import type { Freshness } from './freshness.ts';
import { createFreshness } from './freshness-tracker.ts';
import { LiveModel, type Sharing } from './live-model.ts';
import { createLogWatch, type LogWatch } from './log-watch.ts';
import type { AnyProjection } from './projection.ts';
import { createReader, type Reader } from './reader.ts';
import { createRebuildRequests } from './rebuild-requests.ts';

export type ProjectionStatus = Readonly<{
  name: string;
  version: number;
  /** The version that questions are answered from; differs from `version` until a new one has caught up. */
  serving: number;
  position: Position | undefined;
  /** Whether it has reached what was the head of the log at the start. */
  ready: boolean;
  /** Age in seconds of the oldest event that it has not passed yet; 0 at the head of the log. */
  lag: number;
}>;

export type ProjectionsOptions = Readonly<{
  log: EventLog;
  store: ReadModelStore;
  clock: Clock;
  logger: Logger;
  definitions: readonly AnyProjection[];
  /** Beside the error that is logged: for a metric. */
  onPoison?: OnPoison;
  /** Where several processes share the log and the read models; `projects`: this one keeps some of them. */
  shared?: Readonly<{ leases: Leases; state: StateStore; projects: boolean }> | undefined;
}>;

export interface Projections {
  reader: Reader;
  freshness: Freshness;
  /** Resolves when every projection runs; being ready takes longer. */
  start(): Promise<void>;
  /** Finishes the batches at hand. */
  stop(): Promise<void>;
  /** Whether every projection has reached what was the head of the log at the start. */
  ready(): boolean;
  /** Resolves when `ready()` becomes true. */
  caughtUp(): Promise<void>;
  status(): Promise<readonly ProjectionStatus[]>;
  /** Resolves when the rebuilt model serves; until then the old one does. Rejects with `projections.unknown` {name}. */
  rebuild(name: string): Promise<void>;
}

const reporting = (logger: Logger, onPoison: OnPoison | undefined): OnPoison => (projection, recorded, error) => {
  const { position, type } = recorded;
  logger.error({ error, projection: projection.name, version: projection.version, position, type }, 'a projection could not take an event and skips it');
  onPoison?.(projection, recorded, error);
};

type Asked = Readonly<{ log: EventLog; lagBehind: LagBehind; models: readonly LiveModel[]; versions: ReadonlyMap<string, number> }>;

const statusOf = async ({ log, lagBehind, models, versions }: Asked): Promise<readonly ProjectionStatus[]> => {
  const head = await log.head();
  return Promise.all(models.map(async ({ name, serving, position, ready }) => (
    { name, version: versions.get(name) ?? 0, serving: serving.version, position, ready, lag: await lagBehind(position, head) }
  )));
};

type Watched = Readonly<{ freshness: Freshness; watch?: LogWatch; sharing?: Sharing }>;

/** What was written elsewhere counts as well, where there is an elsewhere. */
const watched = ({ log, definitions, logger, shared }: ProjectionsOptions): Watched => {
  if (shared === undefined) return { freshness: createFreshness() };
  const freshness = createFreshness(() => watch.upToNow());
  const watch = createLogWatch({ log, definitions, logger, wrote: (tenant, position) => freshness.wrote(tenant, position) });
  return { freshness, watch, sharing: { ...shared, watch, requests: createRebuildRequests({ state: shared.state, logger }) } };
};

export const createProjections = (options: ProjectionsOptions): Projections => {
  const { log, store, logger, definitions, onPoison } = options;
  const { freshness, watch, sharing } = watched(options);
  const lagBehind = createLag(options);
  const stopping = new AbortController();
  let watching: Promise<void> | undefined;
  const models = new Map(
    definitions.map((projection) => [projection.name, new LiveModel({ projection, log, store, logger, freshness, onPoison: reporting(logger, onPoison), sharing })]),
  );
  if (models.size < definitions.length) throw new Error('two projections have the same name');
  const all = [...models.values()];
  const versions = new Map(definitions.map(({ name, version }) => [name, version]));

  const start = async (): Promise<void> => {
    const target = await log.head();
    watching = watch?.run(target, stopping.signal);
    await Promise.all(all.map((model) => model.start(target)));
  };
  const stop = async (): Promise<void> => {
    stopping.abort();
    await Promise.all([watching, ...all.map((model) => model.stop())]);
  };
  const rebuild = async (name: string): Promise<void> => {
    const model = models.get(name);
    if (model === undefined) throw new Rejection('projections.unknown', { name });
    await model.rebuild(stopping.signal);
  };

  return {
    freshness,
    reader: createReader(store, freshness, (definition) => models.get(definition.name)?.serving ?? definition),
    start,
    stop,
    ready: () => all.every(({ ready }) => ready),
    caughtUp: async () => {
      await Promise.all(all.map(({ caughtUp }) => caughtUp));
    },
    status: () => statusOf({ log, lagBehind, models: all, versions }),
    rebuild,
  };
};
