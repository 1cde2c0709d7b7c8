/**
 * Delivers to one endpoint: takes up what is new, and calls the receiver for what is due. Every endpoint has a worker of its own, so that none
 * waits for another's receiver.
 */
import type { SealedUrl } from '../../domain/delivery/sealed-url.ts';
import type { Webhook } from '../../domain/delivery/webhooks-state.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import type { Cause } from '../kernel/ports.ts';
import { createBell } from './bell.ts';
import { anew, createCalls, LONGEST_SLEEP_MS, type Calls, type CallsDeps } from './calls.ts';
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
  /** Whether deliveries went there when it last looked. */
  isOpen(): boolean;
  /** Breaks off the calls under way: nothing goes to the endpoint any more, or for now. */
  cut(): void;
  /** Begins anew with what waits, at once and with a day of attempts: at another address, or at one that is called again. */
  renew(url?: SealedUrl): Promise<void>;
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

/** What keeps the end of a replay from being recorded now, and nobody else's deliveries: the endpoint was deleted since, or others change endpoints all the time. */
const CANNOT_NOW: ReadonlySet<string> = new Set(['delivery.webhook_not_found', 'kernel.busy']);

/** Looks at what is new for an endpoint that takes deliveries, and begins it: whether there is more to look at. */
const createLook = ({ shelf, takeUp, webhooks }: WorkerDeps, { launch }: Pick<Calls, 'launch'>) => {
  const { tenant, webhookId } = shelf.endpoint;
  const finish = async (replayId: string): Promise<void> => {
    const cause: Cause = { actor: { kind: 'system', id: 'webhooks' }, correlation: replayId };
    try {
      await webhooks.replayFinished(tenant, webhookId, replayId, cause);
    } catch (error) {
      if (error instanceof Rejection && CANNOT_NOW.has(error.code)) return;
      throw error;
    }
    await shelf.closeLane(replayId);
  };
  return async (webhook: Webhook): Promise<boolean> => {
    const { more, over } = await takeUp.look(webhook, launch);
    for (const id of over) await finish(id);
    return more;
  };
};

/** What a worker goes by: `news`, whether there may be something that has not been looked at; `open`, whether deliveries went there when it last looked. */
type Knows = { news: boolean; open: boolean };

/**
 * A round: milliseconds until the next. When nothing has happened but that deliveries were taken, there is nothing to look at, and those that follow
 * have begun already: what a call costs is then the call, and not a question to the log for each.
 */
const createRound = (deps: WorkerDeps, calls: Calls, knows: Knows) => {
  const { shelf: { endpoint: { tenant, webhookId } }, takeUp, webhooks } = deps;
  const look = createLook(deps, calls);
  const goOn = (): number => {
    if (!knows.open) return LONGEST_SLEEP_MS;
    calls.launch();
    return calls.idleFor();
  };
  return async (): Promise<number> => {
    calls.check();
    if (!knows.news && !takeUp.hasRoom()) return goOn();
    knows.news = false;
    const webhook = await webhooks.find(tenant, webhookId);
    knows.open = webhook !== undefined && webhook.disabled === null;
    if (webhook !== undefined && knows.open && (await look(webhook))) knows.news = true;
    return knows.news ? 0 : goOn();
  };
};

const createAgain = (shelf: Shelf, { askAgain }: Pick<Calls, 'askAgain'>, wake: () => void): Worker['again'] => async (waiting) => {
  const known = shelf.at(waiting.eventId);
  // What has just come to its end waits no more; else, whoever begins after a crash begins with this.
  if (known !== undefined && askAgain(waiting.eventId)) {
    await shelf.set(anew(known, waiting.notBefore));
    return true;
  }
  if (known === undefined && shelf.again >= MOST_ASKED) return false;
  // What waits because it is new stays that.
  await shelf.set(known !== undefined && known.again !== true ? waiting : { ...waiting, again: true });
  wake();
  return true;
};

/** What is new is due already, unless the program itself could not send it. */
const createRenew = ({ shelf, clock }: Pick<WorkerDeps, 'shelf' | 'clock'>, calls: Pick<Calls, 'renew'>, wake: () => void): Worker['renew'] => async (url) => {
  calls.renew(url);
  const now = clock.now();
  const tried = [...shelf.waiting()].filter(({ firstAt, notBefore }) => firstAt !== null || notBefore > now);
  await Promise.all(tried.map((waiting) => shelf.set(anew(waiting, now))));
  wake();
};

/** What a worker works with: its bell, its calls, its rounds. */
const createParts = (deps: WorkerDeps) => {
  const bell = createBell(deps.pause);
  const knows: Knows = { news: true, open: false };
  const wake = (): void => {
    knows.news = true;
    bell.ring();
  };
  const onEnd = (taken: boolean): void => {
    if (!taken) return wake();
    if (knows.open) calls.launch();
    return bell.ring();
  };
  const calls = createCalls({ ...deps, onEnd });
  const cut = (): void => {
    knows.open = false;
    calls.cut();
  };
  const rest = async (ms: number): Promise<void> => {
    if (!(await bell.heard(ms))) knows.news = true;
  };
  return { calls, round: createRound(deps, calls, knows), rest, wake, cut, isOpen: () => knows.open };
};

export const createWorker = (deps: WorkerDeps): Worker => {
  const { shelf, takeUp } = deps;
  const { calls, round, rest, wake, cut, isOpen } = createParts(deps);
  const stopping = new AbortController();
  const end = async (): Promise<void> => {
    cut();
    await calls.ended();
  };

  return {
    run: async () => {
      try {
        while (!stopping.signal.aborted) {
          const idle = await round();
          if (idle > 0 && !stopping.signal.aborted) await rest(idle);
        }
        await takeUp.store();
      } finally {
        await end();
      }
    },
    wake,
    isOpen,
    cut: () => {
      cut();
      wake();
    },
    renew: createRenew(deps, calls, wake),
    again: createAgain(shelf, calls, wake),
    openLane: (id, lane) => shelf.openLane(id, lane).then(wake),
    stop: async () => {
      stopping.abort();
      wake();
      await end();
    },
  };
};
