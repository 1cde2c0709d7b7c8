/** Asking whichever process keeps a read model to fill it anew: an entry of the operational state, which goes when it is done. */
import type { Logger } from '../../application/kernel/ports.ts';
import { createRounds } from '../../application/kernel/rounds.ts';
import type { StateStore } from '../../application/kernel/state.ts';
import { pause } from './pause.ts';

export interface RebuildRequests {
  /** Resolves when the model has been filled anew, by whatever process, or when `signal` fires. */
  ask(name: string, signal: AbortSignal): Promise<void>;
  /** Rebuilds whenever it is asked for, until `signal` fires. What fails is tried again. */
  serve(name: string, rebuild: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void>;
}

const SCOPE = 'rebuild';
const ASKED = 'asked';
/** Between two looks of whoever keeps models, at the requests for all of them, and of whoever waits for one. */
const SERVING_MS = 2_000;
const ASKING_MS = 250;

export type RebuildRequestsDeps = Readonly<{ state: Pick<StateStore, 'get' | 'compareAndSet' | 'list'>; logger: Pick<Logger, 'error'> }>;

/** One look in a while at all requests, for all models that are kept here; each is told whether there is one for it. */
const createLooks = ({ state, logger }: RebuildRequestsDeps) => {
  const keepers = new Map<string, () => void>();
  const round = async (): Promise<void> => {
    try {
      for await (const { key } of state.list(SCOPE)) keepers.get(key)?.();
    } catch (error) {
      logger.error({ error }, 'nobody can say now whether projections should be rebuilt');
    }
  };
  const rounds = createRounds({ pause, everyMs: SERVING_MS, round });
  return {
    /** Calls `onAsked` whenever a request is found; answers how to end that. */
    begin: (name: string, onAsked: () => void): (() => Promise<void>) => {
      keepers.set(name, onAsked);
      const leave = rounds.enter();
      return async () => {
        if (keepers.get(name) === onAsked) keepers.delete(name);
        await leave();
      };
    },
  };
};

export const createRebuildRequests = (deps: RebuildRequestsDeps): RebuildRequests => {
  const { state, logger } = deps;
  const looks = createLooks(deps);
  return {
    ask: async (name, signal) => {
      await state.compareAndSet(SCOPE, name, undefined, { value: ASKED });
      while (!signal.aborted && (await state.get(SCOPE, name)) !== undefined) await pause(ASKING_MS, signal);
    },
    serve: async (name, rebuild, signal) => {
      const over = Promise.withResolvers<void>();
      signal.addEventListener('abort', () => over.resolve(), { once: true });
      let work: Promise<void> | undefined;
      const answer = async (): Promise<void> => {
        try {
          await rebuild(signal);
          await state.compareAndSet(SCOPE, name, ASKED, undefined);
        } catch (error) {
          if (!signal.aborted) logger.error({ error, projection: name }, 'a projection could not be rebuilt');
        } finally {
          work = undefined;
        }
      };
      const end = looks.begin(name, () => { if (!signal.aborted) work ??= answer(); });
      if (!signal.aborted) await over.promise;
      await end();
      await work;
    },
  };
};
