/**
 * Keeps a worker for each sink that is there and not paused. Sinks come out of the log; that one is there is stored, with its start, before the
 * checkpoint moves, so that a restart begins with all of them.
 */
import type { SiemSinkEvent } from '../../domain/delivery/siem-sink.events.ts';
import type { SiemSink } from '../../domain/delivery/siem-sinks.ts';
import { INSTALLATION, type Position, type TenantId } from '../../domain/kernel/ids.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import { createFollower, FOLLOWER_CHECKPOINTS } from '../kernel/follower.ts';
import type { Clock, EventFeed, EventLog, Logger, Recorded } from '../kernel/ports.ts';
import type { StateStore } from '../kernel/state.ts';
import type { Pause, SinkTransport } from './siem-ports.ts';
import type { ToRecord } from './siem-records.ts';
import type { SinkStatuses } from './siem-status.ts';
import { sinkFollower, sinkKey, type SinkName } from './siem-streams.ts';
import { createSinkWorker, type SinkWorker } from './siem-worker.ts';
import { createSlots, type Slots } from './slots.ts';

export type SiemDispatcherDeps = Readonly<{
  log: EventLog;
  state: StateStore;
  sinks: Readonly<{ find: (tenant: TenantId, sinkId: string) => Promise<SiemSink | undefined>; open: (tenant: TenantId, sink: SiemSink) => Promise<SinkTransport> }>;
  /** The stored types that public types are made from. */
  storedTypesOf: (types: readonly string[]) => readonly string[];
  toRecord: ToRecord;
  statuses: SinkStatuses;
  clock: Clock;
  pause: Pause;
  random: () => number;
  logger: Pick<Logger, 'error'>;
  /** Places to send from. */
  slots?: Slots;
}>;

export interface SiemDispatcher {
  /** Until `signal` fires; rejects with `storage.*` or `kernel.fenced`. It begins where what is stored says, as often as it is called. */
  run(signal: AbortSignal): Promise<void>;
  /** The sinks that it knows of. */
  names(): Promise<readonly SinkName[]>;
  /** Up to where a sink's receiver has what is for it; undefined: nothing yet. */
  position(name: SinkName): Promise<Position | undefined>;
}

/** Kept in backups and over them, as all checkpoints are. */
export const SINKS = 'checkpoint:siem-sinks';
const FOLLOWED: readonly SiemSinkEvent['type'][] = ['SiemSinkCreated', 'SiemSinkChanged', 'SiemSinkPaused', 'SiemSinkResumed', 'SiemSinkDeleted'];

const nameOf = (key: string): SinkName => {
  const [tenant = '', sinkId = ''] = key.split('/');
  return { tenant: tenant as TenantId, sinkId };
};

/** What is stored of sinks beside their events. */
const createShelf = (state: StateStore) => {
  const setIfAbsent = (scope: string, key: string, value: string): Promise<boolean> => state.compareAndSet(scope, key, undefined, { value });
  const remove = async (scope: string, key: string): Promise<void> => {
    const before = await state.get(scope, key);
    if (before !== undefined) await state.compareAndSet(scope, key, before, undefined);
  };
  return {
    /** `after`: null for the log's beginning. Its own position is kept when it has one. */
    add: async (name: SinkName, after: string | null): Promise<void> => {
      if ((await state.get(SINKS, sinkKey(name))) !== undefined) return;
      if (after !== null) await setIfAbsent(FOLLOWER_CHECKPOINTS, sinkFollower(name), after);
      await setIfAbsent(SINKS, sinkKey(name), '1');
    },
    remove: async (name: SinkName): Promise<void> => {
      await remove(SINKS, sinkKey(name));
      await remove(FOLLOWER_CHECKPOINTS, sinkFollower(name));
    },
    all: async (): Promise<readonly SinkName[]> => {
      const names: SinkName[] = [];
      for await (const { key } of state.list(SINKS)) names.push(nameOf(key));
      return names;
    },
  };
};

/** `changes`: of the sink, as the worker knows it. */
type Working = Readonly<{ worker: SinkWorker; changes: number; stop: () => Promise<void> }>;

/** The installation's own sinks see the whole log, a tenant's its part of it. */
const feedOf = ({ log, storedTypesOf }: Pick<SiemDispatcherDeps, 'log' | 'storedTypesOf'>, tenant: TenantId, { types }: SiemSink): EventFeed =>
  log.feed({ ...(tenant !== INSTALLATION && { tenant }), ...(types !== null && { types: storedTypesOf(types) }) });

/** What is left of workers that were told to end, one after another for each sink: whoever comes after them there waits, and nobody else does. */
const createEndings = (logger: SiemDispatcherDeps['logger']) => {
  const endings = new Map<string, Promise<void>>();
  return {
    /** What is left of a sink's last worker; rejects never. */
    of: (name: SinkName): Promise<void> | undefined => endings.get(sinkKey(name)),
    /** Does `work` when all before it is done. */
    add: (name: SinkName, work: () => Promise<void>): void => {
      const [key, before] = [sinkKey(name), endings.get(sinkKey(name))];
      const finish = async (): Promise<void> => {
        await before;
        await work().catch((error: unknown) => logger.error({ error, sink: name.sinkId }, 'a SIEM sink did not end as it should'));
        if (endings.get(key) === mine) endings.delete(key);
      };
      const mine = finish();
      endings.set(key, mine);
    },
    all: async (): Promise<void> => { await Promise.all(endings.values()); },
  };
};

/** Undefined where its box cannot be opened: no other sink stands still because of that. It is looked at again when it changes, and at the next start. */
const createOpen = ({ sinks, logger }: Pick<SiemDispatcherDeps, 'sinks' | 'logger'>) => async ({ tenant, sinkId }: SinkName, sink: SiemSink): Promise<SinkTransport | undefined> => {
  try {
    return await sinks.open(tenant, sink);
  } catch (error) {
    if (!(error instanceof Rejection) || error.code !== 'kernel.seal_broken') throw error;
    logger.error({ error, sink: sinkId }, 'what a SIEM sink needs cannot be opened, and it sends nothing');
    return undefined;
  }
};

const createWorkers = (deps: SiemDispatcherDeps, slots: Slots) => {
  const working = new Map<string, Working>();
  const [endings, open] = [createEndings(deps.logger), createOpen(deps)];

  const end = (name: SinkName): void => {
    const mine = working.get(sinkKey(name));
    working.delete(sinkKey(name));
    if (mine !== undefined) endings.add(name, mine.stop);
  };

  /** A sink that was changed begins anew, where it stopped: what it was sending just then is sent again. */
  const begin = async (name: SinkName, sink: SiemSink): Promise<void> => {
    const mine = working.get(sinkKey(name));
    if (mine?.changes === sink.changes) return;
    end(name);
    const transport = await open(name, sink);
    if (transport === undefined) return;
    const stopping = new AbortController();
    const worker = createSinkWorker({ ...deps, slots, tenant: name.tenant, sink, transport, feed: feedOf(deps, name.tenant, sink) });
    const before = endings.of(name);
    const work = async (): Promise<void> => {
      await before;
      await worker.run(stopping.signal);
      await transport.close();
    };
    const ended = work();
    working.set(sinkKey(name), { worker, changes: sink.changes, stop: () => { stopping.abort(); return ended; } });
  };

  return {
    get: (name: SinkName): SinkWorker | undefined => working.get(sinkKey(name))?.worker,
    /** Brings what is at work in line with what is recorded now; true when the sink is there. */
    settle: async (name: SinkName): Promise<boolean> => {
      const sink = await deps.sinks.find(name.tenant, name.sinkId);
      if (sink === undefined || sink.paused) end(name);
      else await begin(name, sink);
      return sink !== undefined;
    },
    afterwards: endings.add,
    endAll: async (): Promise<void> => {
      for (const key of working.keys()) end(nameOf(key));
      await endings.all();
    },
  };
};

/** Where a sink begins that has no position of its own. One whose making has been passed over already (the log was put back to before its deletion) begins at its start. */
const startOf = ({ startAfter, startTime }: SiemSink, { type, position }: Recorded<SiemSinkEvent>): string | null =>
  startAfter ?? (startTime === null && type === 'SiemSinkCreated' ? position : null);

export const createSiemDispatcher = (deps: SiemDispatcherDeps): SiemDispatcher => {
  const { log, state, statuses } = deps;
  const shelf = createShelf(state);
  const workers = createWorkers(deps, deps.slots ?? createSlots(deps.pause));

  const settle = async (name: SinkName): Promise<void> => {
    if (await workers.settle(name)) return;
    workers.afterwards(name, async () => {
      await shelf.remove(name);
      await statuses.forget(name);
    });
  };

  const handle = async (recorded: Recorded<SiemSinkEvent>): Promise<void> => {
    const name: SinkName = { tenant: recorded.tenant, sinkId: recorded.data.sinkId };
    const sink = await deps.sinks.find(name.tenant, name.sinkId);
    // Before the worker looks for its checkpoint.
    if (sink !== undefined) await shelf.add(name, startOf(sink, recorded));
    await settle(name);
  };

  const follower = createFollower({
    name: 'siem-sinks', feed: log.feed({ types: FOLLOWED }), state,
    handle: async (events) => { for (const event of events) await handle(event as Recorded<SiemSinkEvent>); },
  });

  return {
    names: shelf.all,
    position: async (name) => workers.get(name)?.position() ?? ((await state.get(FOLLOWER_CHECKPOINTS, sinkFollower(name))) as Position | undefined),
    run: async (signal) => {
      try {
        for (const name of await shelf.all()) await settle(name);
        await follower.run(signal);
      } finally {
        await workers.endAll();
      }
    },
  };
};
