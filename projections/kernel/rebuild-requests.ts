/** Asking whichever process keeps a read model to fill it anew: an entry of the operational state, which goes when it is done. */
import type { Logger } from '../../application/kernel/ports.ts';
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
/** Between two looks of whoever keeps the model, and of whoever waits for it. */
const SERVING_MS = 2_000;
const ASKING_MS = 250;

export type RebuildRequestsDeps = Readonly<{ state: Pick<StateStore, 'get' | 'compareAndSet'>; logger: Pick<Logger, 'error'> }>;

export const createRebuildRequests = ({ state, logger }: RebuildRequestsDeps): RebuildRequests => ({
  ask: async (name, signal) => {
    await state.compareAndSet(SCOPE, name, undefined, { value: ASKED });
    while (!signal.aborted && (await state.get(SCOPE, name)) !== undefined) await pause(ASKING_MS, signal);
  },
  serve: async (name, rebuild, signal) => {
    const look = async (): Promise<void> => {
      if ((await state.get(SCOPE, name)) === undefined) return;
      await rebuild(signal);
      await state.compareAndSet(SCOPE, name, ASKED, undefined);
    };
    while (!signal.aborted) {
      await look().catch((error: unknown) => {
        if (!signal.aborted) logger.error({ error, projection: name }, 'a projection could not be rebuilt, or nobody can say whether it should be');
      });
      await pause(SERVING_MS, signal);
    }
  },
});
