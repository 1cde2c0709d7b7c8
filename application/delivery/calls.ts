/** The calls of one receiver: a few at a time, and none while it asks to be left alone. */
import { RETRIED_FOR_MS } from '../../domain/delivery/retries.ts';
import { isSameBox, type SealedUrl } from '../../domain/delivery/sealed-url.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import type { Clock, Logger } from '../kernel/ports.ts';
import type { Attempt, Attempted } from './attempt.ts';
import type { Shelf, Waiting } from './shelves.ts';
import type { Slots } from './slots.ts';

export type CallsDeps = Readonly<{ shelf: Shelf; attempt: Attempt; slots: Slots; clock: Clock; logger: Pick<Logger, 'error'>; /** After each call: whether the receiver has taken it. */ onEnd: (taken: boolean) => void }>;

export interface Calls {
  /** Begins what is due, as far as there is room; nothing once a call could not be recorded. */
  launch(): void;
  /** Throws what kept a call from being recorded: `storage.*` or `kernel.fenced`. */
  check(): void;
  /** Milliseconds until something is due that no call under way will tell of. */
  idleFor(): number;
  /** Somebody asks for another attempt of what is under way: when that fails, there is one at once, and a day of them. False where it is not. */
  askAgain(eventId: string): boolean;
  /** Breaks off what is under way. */
  cut(): void;
  /** Nothing that the receiver has answered counts any more. `url`: where it is now; calls that go elsewhere are broken off. */
  renew(url?: SealedUrl): void;
  /** Resolves when nothing is under way. */
  ended(): Promise<void>;
}

/** Calls of one receiver at once; of one that did not take its last delivery, or none yet, one. */
const AT_ONCE = 4;
/** What the program itself could not do is tried again after this. */
const INTERNAL_PAUSE_MS = 30_000;
/** A receiver that asks to be left alone for longer is asked again after this. */
const LONGEST_REST_MS = 3_600_000;
export const LONGEST_SLEEP_MS = 60_000;

/** What the endpoint itself is sent with cannot be opened: nothing of it can be sent, and trying each that waits would only say so as often. */
const isUnreadable = (error: unknown): boolean => error instanceof Rejection && error.code === 'kernel.seal_broken';

const isFatal = (error: unknown): boolean => error instanceof Rejection && (error.code.startsWith('storage.') || error.code === 'kernel.fenced');

/** A clock that was set back must not keep a delivery for as long as the jump. */
const isDue = ({ notBefore }: Waiting, now: number): boolean => notBefore <= now || notBefore > now + RETRIED_FOR_MS;

/** What the last answers say of the receiver. */
const createHealth = (clock: Clock, { waiting }: Pick<Shelf, 'waiting'>) => {
  // What failed before and waits is kept over restarts: who hung then does not pass for sound now.
  let ailing = [...waiting()].some(({ attempts }) => attempts > 0);
  // Until it has taken something: an endpoint that was just made is called like those that answer, and one call at a time.
  let proven = false;
  let restUntil = 0;
  return {
    renew: (): void => { [ailing, proven, restUntil] = [false, false, 0]; },
    isAiling: (): boolean => ailing,
    room: (): number => (proven ? AT_ONCE : 1),
    rest: (ms: number): void => { restUntil = clock.now() + ms; },
    /** 0: it may be called. */
    restsFor: (): number => {
      const left = restUntil - clock.now();
      return left > LONGEST_REST_MS ? 0 : Math.max(0, left);
    },
    note: (attempted: Exclude<Attempted, { outcome: 'stopped' }>): void => {
      ailing = attempted.outcome === 'failed';
      proven = !ailing;
      restUntil = attempted.outcome === 'failed' ? Math.min(attempted.leaveAloneUntil ?? 0, clock.now() + LONGEST_REST_MS) : 0;
    },
  };
};

type Health = ReturnType<typeof createHealth>;

/** As though it had not been tried yet. */
export const anew = (waiting: Waiting, now: number): Waiting => ({ ...waiting, firstAt: null, notBefore: now });

/** A call under way. `to`: undefined until that is known, which is looked up last. `old`: to a receiver that is another one by now. `asked`: somebody wants another. */
type Call = { readonly stop: AbortController; to: SealedUrl | undefined; old: boolean; asked: boolean };

/** One call from its place to what is stored of it: whether the receiver has taken it. */
const createDeliver = ({ shelf, attempt, slots, clock, logger }: CallsDeps, health: Health) => {
  const nextOf = (waiting: Waiting, attempted: Attempted, { old, asked }: Call): Waiting | undefined => {
    if (attempted.outcome !== 'failed') return undefined;
    const next = attempted.next ?? (asked ? { ...waiting, attempts: waiting.attempts + 1 } : undefined);
    return next !== undefined && (old || asked) ? anew(next, clock.now()) : next;
  };
  const settle = async (waiting: Waiting, attempted: Attempted, call: Call): Promise<boolean> => {
    if (attempted.outcome === 'stopped') return false;
    if (!call.old) health.note(attempted);
    const next = nextOf(waiting, attempted, call);
    await (next === undefined ? shelf.remove(waiting.eventId) : shelf.set(next));
    return attempted.outcome === 'delivered';
  };
  return async (waiting: Waiting, call: Call): Promise<boolean> => {
    const { stop: { signal } } = call;
    const { tenant, webhookId } = shelf.endpoint;
    const place = await slots.enter({ tenant, endpoint: `${tenant}/${webhookId}`, ailing: health.isAiling() }, signal);
    // Broken off while it waited: whoever ends the endpoint does not wait for others' receivers.
    if (place === undefined) return false;
    try {
      const attempted = await attempt(shelf.endpoint, waiting, { stop: signal, giveUp: place.givenUp, calling: (url) => { call.to = url; } });
      return await settle(waiting, attempted, call);
    } catch (error) {
      if (isFatal(error)) throw error;
      logger.error({ error, webhook: shelf.endpoint.webhookId, position: waiting.eventPosition }, 'a delivery could not be attempted; it will be tried again');
      if (isUnreadable(error)) health.rest(INTERNAL_PAUSE_MS);
      await shelf.set({ ...waiting, notBefore: clock.now() + INTERNAL_PAUSE_MS });
      return false;
    } finally {
      place.leave();
    }
  };
};

/** Milliseconds until the first of those that may be begun is due. */
const untilNext = (shelf: Shelf, mayBegin: (waiting: Waiting) => boolean, now: number): number => {
  let next = LONGEST_SLEEP_MS;
  for (const waiting of shelf.waiting()) if (mayBegin(waiting)) next = Math.min(next, waiting.notBefore - now);
  return Math.max(0, next);
};

/** What is under way. What comes again has half of the room, so that what is new finds some. */
const createRunning = (room: () => number) => {
  const running = new Map<string, Readonly<{ call: Call; work: Promise<void> }>>();
  let again = 0;
  return {
    askAgain: (eventId: string): boolean => {
      const asked = running.get(eventId);
      if (asked !== undefined) asked.call.asked = true;
      return asked !== undefined;
    },
    isFull: (): boolean => running.size >= room(),
    mayBegin: (waiting: Waiting): boolean => !running.has(waiting.eventId) && (waiting.again !== true || again < Math.ceil(room() / 2)),
    add: (waiting: Waiting, call: Call, work: Promise<void>): void => {
      running.set(waiting.eventId, { call, work });
      if (waiting.again === true) again += 1;
    },
    end: (waiting: Waiting): void => {
      running.delete(waiting.eventId);
      if (waiting.again === true) again -= 1;
    },
    calls: (): readonly Call[] => [...running.values()].map(({ call }) => call),
    ended: async (): Promise<void> => { await Promise.all([...running.values()].map(({ work }) => work)); },
  };
};

/** Calls with what follows from them. What kept one from being recorded is kept for whoever asks. */
const createWork = ({ onEnd }: Pick<CallsDeps, 'onEnd'>, deliver: ReturnType<typeof createDeliver>, { end }: Pick<ReturnType<typeof createRunning>, 'end'>) => {
  let failure: { error: unknown } | undefined;
  return {
    hasFailed: (): boolean => failure !== undefined,
    check: (): void => {
      if (failure !== undefined) throw failure.error;
    },
    run: async (waiting: Waiting, call: Call): Promise<void> => {
      let taken = false;
      try {
        taken = await deliver(waiting, call);
      } catch (error) {
        failure ??= { error };
      }
      end(waiting);
      onEnd(taken);
    },
  };
};

export const createCalls = (deps: CallsDeps): Calls => {
  const { shelf, clock } = deps;
  const health = createHealth(clock, shelf);
  const running = createRunning(health.room);
  const work = createWork(deps, createDeliver(deps, health), running);

  const launchDue = (again: boolean): void => {
    const now = clock.now();
    for (const waiting of shelf.waiting()) {
      if (running.isFull()) return;
      if ((waiting.again === true) !== again || !running.mayBegin(waiting) || !isDue(waiting, now)) continue;
      const call: Call = { stop: new AbortController(), to: undefined, old: false, asked: false };
      running.add(waiting, call, work.run(waiting, call));
    }
  };

  return {
    launch: () => {
      if (work.hasFailed() || health.restsFor() > 0) return;
      launchDue(false);
      if (shelf.again > 0) launchDue(true);
    },
    check: work.check,
    idleFor: () => (running.isFull() ? LONGEST_SLEEP_MS : Math.max(untilNext(shelf, running.mayBegin, clock.now()), health.restsFor())),
    askAgain: running.askAgain,
    cut: () => running.calls().forEach(({ stop }) => stop.abort()),
    renew: (url) => {
      health.renew();
      for (const call of running.calls().filter(({ to }) => url !== undefined && to !== undefined && !isSameBox(to, url))) {
        call.old = true;
        call.stop.abort();
      }
    },
    ended: running.ended,
  };
};
