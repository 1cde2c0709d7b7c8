/**
 * Learns where a read model stands that another process keeps: from its checkpoint, and from the log. Past events that do not concern it, a model
 * stands wherever the log ends, though its checkpoint is stored later.
 */
import type { Logger } from '../../application/kernel/ports.ts';
import type { ReadModelStore } from '../../application/kernel/read-models.ts';
import type { Position } from '../../domain/kernel/ids.ts';
import type { Freshness } from './freshness.ts';
import type { LogWatch } from './log-watch.ts';
import { pause } from './pause.ts';
import type { AnyProjection } from './projection.ts';

export type WatcherOptions = Readonly<{
  projection: AnyProjection;
  store: Pick<ReadModelStore, 'checkpoint'>;
  freshness: Pick<Freshness, 'awaited'>;
  watch: Pick<LogWatch, 'concerned' | 'position'>;
  logger: Pick<Logger, 'warn'>;
  onProgress: (position: Position) => void;
}>;

export interface Watcher {
  run(signal: AbortSignal): Promise<void>;
  /** Somebody has begun to wait for this model. */
  hurry(): void;
}

/** Between two looks: while somebody waits, while nobody does, and while the store cannot answer. */
const AWAITED_MS = 10;
const IDLE_MS = 2_000;
const AWAY_MS = 1_000;

export const createWatcher = ({ projection, store, freshness, watch, logger, onProgress }: WatcherOptions): Watcher => {
  const { name } = projection;
  let waking = new AbortController();

  let checkpoint: Position | undefined;
  const isBehind = (): boolean => (watch.concerned(name) ?? '') > (checkpoint ?? '');

  const look = async (): Promise<void> => {
    // It never goes back: where it is past all that concerns the model there is nothing to ask for.
    if (checkpoint === undefined || isBehind()) checkpoint = await store.checkpoint(projection);
    const position = isBehind() ? checkpoint : watch.position;
    if (position !== undefined) onProgress(position);
  };

  const waitFor = (): number => (freshness.awaited(name) ? AWAITED_MS : IDLE_MS);

  return {
    hurry: () => waking.abort(),
    run: async (signal) => {
      while (!signal.aborted) {
        waking = new AbortController();
        const ms = await look().then(waitFor, (error: unknown) => {
          logger.warn({ error, projection: name }, 'where a read model stands cannot be seen now');
          return AWAY_MS;
        });
        await pause(ms, AbortSignal.any([signal, ...(ms === IDLE_MS ? [waking.signal] : [])]));
      }
    },
  };
};
