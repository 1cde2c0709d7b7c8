/**
 * Delivers to one endpoint: takes up what is new, and calls the receiver for what is due. Every endpoint has a worker of its own, so that none
 * waits for another's receiver.
 */
import type { Webhook } from '../../domain/delivery/webhooks-state.ts';
import type { Cause } from '../kernel/ports.ts';
import { createBell } from './bell.ts';
import { createCalls, LONGEST_SLEEP_MS, type CallsDeps } from './calls.ts';
import type { Pause } from './ports.ts';
import type { Lane, Shelf, Waiting } from './shelves.ts';
import type { TakeUp } from './take-up.ts';
import type { Webhooks } from './webhooks.ts';

export type WorkerDeps = Omit<CallsDeps, 'onEnd'> & Readonly<{ takeUp: TakeUp; webhooks: Pick<Webhooks, 'find' | 'replayFinished'>; pause: Pause }>;

export interface Worker {
  /** Until `stop`. Rejects with `storage.*` or `kernel.fenced`: what is in memory is then no longer what is stored. */
  run(): Promise<void>;
  /** There may be something to do. */
  wake(): void;
  /** Breaks off the calls under way: nothing goes to the endpoint any more, or for now. */
  cut(): void;
  /** Delivers an event, once more or now; false where too many wait already that somebody asked for. */
  again(waiting: Waiting): Promise<boolean>;
  openLane(id: string, lane: Lane): Promise<void>;
  /** Resolves when nothing of it is under way. */
  stop(): Promise<void>;
}

/** What comes again, replays included, beyond which nobody's wish for another attempt is taken. */
export const MOST_ASKED = 1_000;

/** The lane that follows the log; replays are called by their id. */
export const MAIN_LANE = 'main';

/** A round with an endpoint that takes deliveries: whether another should follow at once, and otherwise when. */
const createRound = ({ shelf, takeUp, webhooks }: WorkerDeps, calls: ReturnType<typeof createCalls>) => {
  const { tenant, webhookId } = shelf.endpoint;
  const finish = async (replayId: string): Promise<void> => {
    const cause: Cause = { actor: { kind: 'system', id: 'webhooks' }, correlation: replayId };
    await webhooks.replayFinished(tenant, webhookId, replayId, cause);
    await shelf.closeLane(replayId);
  };
  return async (webhook: Webhook): Promise<number> => {
    const { more, over } = await takeUp.look(webhook);
    for (const id of over) await finish(id);
    calls.launch();
    return more ? 0 : calls.idleFor();
  };
};

const createAgain = (shelf: Shelf, { isUnderWay }: Pick<ReturnType<typeof createCalls>, 'isUnderWay'>, wake: () => void): Worker['again'] => async (waiting) => {
  if (isUnderWay(waiting.eventId)) return true;
  const known = shelf.at(waiting.eventId);
  if (known === undefined && shelf.again >= MOST_ASKED) return false;
  // What waits because it is new stays that.
  await shelf.set(known !== undefined && known.again !== true ? waiting : { ...waiting, again: true });
  wake();
  return true;
};

export const createWorker = (deps: WorkerDeps): Worker => {
  const { shelf, takeUp, webhooks, pause } = deps;
  const { tenant, webhookId } = shelf.endpoint;
  const bell = createBell(pause);
  const wake = (): void => bell.ring();
  const calls = createCalls({ ...deps, onEnd: wake });
  const round = createRound(deps, calls);
  const stopping = new AbortController();
  const end = async (): Promise<void> => {
    calls.cut();
    await calls.ended();
  };

  return {
    run: async () => {
      try {
        while (!stopping.signal.aborted) {
          const webhook = await webhooks.find(tenant, webhookId);
          const idle = webhook === undefined || webhook.disabled !== null ? LONGEST_SLEEP_MS : await round(webhook);
          if (idle > 0 && !stopping.signal.aborted) await bell.heard(idle);
        }
        await takeUp.store();
      } finally {
        await end();
      }
    },
    wake,
    cut: () => {
      calls.cut();
      wake();
    },
    again: createAgain(shelf, calls, wake),
    openLane: (id, lane) => shelf.openLane(id, lane).then(wake),
    stop: async () => {
      stopping.abort();
      wake();
      await end();
    },
  };
};
