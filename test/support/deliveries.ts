/** Webhooks over the real stores and the real way out, under a clock of the test's own, in programs that may be killed at any moment. */
import { createAttempt, createDecline } from '../../application/delivery/attempt.ts';
import { createBodies } from '../../application/delivery/bodies.ts';
import { createDispatcher } from '../../application/delivery/dispatcher.ts';
import { webhookEvents } from '../../application/delivery/events.ts';
import type { Pause, PublicEvents } from '../../application/delivery/ports.ts';
import { createSendWebhook } from '../../application/delivery/send-webhook.ts';
import { createSlots, type Slots } from '../../application/delivery/slots.ts';
import { createWebhooks, type Webhooks } from '../../application/delivery/webhooks.ts';
import { createEventCodec } from '../../application/kernel/event-codec.ts';
import type { EventStore } from '../../application/kernel/ports.ts';
import type { StateStore } from '../../application/kernel/state.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import { webhookSignatures } from '../../infrastructure/crypto/webhook-signatures.ts';
import { openSealing } from '../../infrastructure/crypto/sealing.ts';
import { openEmbedded } from '../../infrastructure/runtime/embedded.ts';
import { createOutbound } from '../../infrastructure/web/outbound.ts';
import { closing } from './leavings.ts';
import { randomIds } from './random-ids.ts';
import { sampleEvents } from './sample-events.ts';
import { failOnFatal, silentLogger } from './silent.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** What is said of sample events: their texts. */
export const samplePublic: PublicEvents = {
  types: ['sample.noted', 'sample.counted'],
  toPublic: ({ type, id, time, data }) =>
    type === 'Noted' || type === 'Counted' ? { specversion: '1.0', id, source: '/sample', type: `sample.${type.toLowerCase()}`, time, timestamp: time, data } : undefined,
};

export type VirtualTime = Readonly<{
  now: () => number;
  pause: Pause;
  /** To the first moment that somebody waits for, and a little on, so that what is due at almost the same time comes together. */
  skip: (slackMs: number) => void;
  advance: (ms: number) => void;
  /** The clock is set, and no time passes. */
  set: (byMs: number) => void;
}>;

export const createVirtualTime = (start: number): VirtualTime => {
  let [now, ahead] = [start, 0];
  const waiting = new Map<() => void, number>();
  const wake = (): void => {
    for (const [go, due] of waiting) if (due <= now) go();
  };
  const advance = (ms: number): void => {
    now += ms;
    wake();
  };
  return {
    now: () => now + ahead,
    advance,
    set: (byMs) => { ahead += byMs; },
    pause: (ms, signal) =>
      new Promise((resolve) => {
        const go = (): void => {
          waiting.delete(go);
          resolve();
        };
        waiting.set(go, now + ms);
        signal.addEventListener('abort', go, { once: true });
        if (signal.aborted) go();
      }),
    skip: (slackMs) => {
      const next = [...waiting.values()].reduce((least, due) => Math.min(least, due), Infinity);
      if (next !== Infinity) advance(Math.max(0, next - now) + slackMs);
    },
  };
};

/** What a test may put in the way of a program. */
export type Tampering = Readonly<{ state?: (state: StateStore) => StateStore; slots?: Slots; pause?: Pause; timeoutMs?: number }>;

export type Program = Readonly<{ webhooks: Webhooks; /** Calls under way. */ calls: () => number; /** Counts whatever is stored and sent. */ activity: () => number; /** Counts calls. */ sent: () => number; kill: () => Promise<void>; stop: () => Promise<unknown> }>;

const died = (): Rejection => new Rejection('storage.unavailable');

export const openDeliveries = async (time: Pick<VirtualTime, 'now' | 'pause'>, allow: readonly string[]) => {
  const directory = temporaryDirectory();
  const embedded = await openEmbedded({ dataDir: directory.path, codec: createEventCodec([...sampleEvents, ...webhookEvents]), clock: time, logger: silentLogger, onFatal: failOnFatal });
  const { secrets } = await openSealing({ vault: embedded.vault, masterKey: Buffer.alloc(32, 7), ids: randomIds });
  const outbound = createOutbound({ allow });
  const close = closing(async () => {
    outbound.close();
    await embedded.close();
    directory.remove();
  });

  const start = ({ state: tamper = (state) => state, pause = time.pause, slots = createSlots(pause), timeoutMs = 200 }: Tampering = {}): Program => {
    let [dead, calls, activity, sent] = [false, 0, 0, 0];
    /** What a dead program asks for may have been done; it is not told. */
    const mortal = async <Result>(work: () => Promise<Result>): Promise<Result> => {
      if (dead) throw died();
      activity += 1;
      const result = await work();
      if (dead) throw died();
      return result;
    };
    const store: EventStore = { ...embedded.store, head: (stream) => mortal(async () => embedded.store.head(stream)), append: (...given) => mortal(() => embedded.store.append(...given)) };
    const tampered = tamper(embedded.state);
    const state: StateStore = { ...tampered, compareAndSet: (...given) => mortal(() => tampered.compareAndSet(...given)) };
    const request: typeof outbound.request = async (asked) => {
      calls += 1;
      sent += 1;
      activity += 1;
      try {
        return await outbound.request({ ...asked, timeoutMs });
      } finally {
        calls -= 1;
        activity += 1;
      }
    };
    const door = { check: (url: string) => outbound.check(url), request };
    const webhooks = createWebhooks({ store, log: embedded.log, secrets, signatures: webhookSignatures, door, events: samplePublic, clock: time });
    const bodies = createBodies({ events: samplePublic, store, linkTo: async () => 'http://chancery.example' });
    const attempt = createAttempt({ webhooks, bodies, store, send: createSendWebhook({ door, secrets, signatures: webhookSignatures, clock: time }), clock: time });
    const dispatcher = createDispatcher({ log: embedded.log, state, webhooks, events: samplePublic, bodies, attempt, decline: createDecline({ store, clock: time }), slots, clock: time, pause, logger: silentLogger });
    const stopping = new AbortController();
    const ended = dispatcher.run(stopping.signal).catch((error: unknown) => error);
    return {
      webhooks,
      calls: () => calls,
      activity: () => activity,
      sent: () => sent,
      kill: async () => {
        dead = true;
        stopping.abort();
        await ended;
      },
      stop: () => {
        stopping.abort();
        return ended;
      },
    };
  };
  return { ...embedded, start, close };
};

export type Deliveries = Awaited<ReturnType<typeof openDeliveries>>;
