/**
 * One sink at work: follows the log by its own checkpoint, sends in batches, and waits where the receiver does not take them. What waits is in the
 * log: nothing is dropped, and nothing is held but the batch at hand. The checkpoint moves after the receiver has the batch.
 */
import type { SiemSink } from '../../domain/delivery/siem-sinks.ts';
import type { Position, TenantId } from '../../domain/kernel/ids.ts';
import { createFollower } from '../kernel/follower.ts';
import type { Clock, EventFeed, Logger, Recorded } from '../kernel/ports.ts';
import type { StateStore } from '../kernel/state.ts';
import { failureOf, type Pause, type SinkFailure, type SinkRecord, type SinkTransport } from './siem-ports.ts';
import { batchesOf, LARGEST_BATCH, octetsOf, type ToRecord } from './siem-records.ts';
import type { SinkStatuses } from './siem-status.ts';
import { sinkFollower, sinkKey, type SinkName } from './siem-streams.ts';
import type { Slots } from './slots.ts';

export type SinkWorkerDeps = Readonly<{
  tenant: TenantId;
  sink: SiemSink;
  /** What the sink may see. */
  feed: EventFeed;
  transport: SinkTransport;
  toRecord: ToRecord;
  state: StateStore;
  statuses: SinkStatuses;
  slots: Slots;
  clock: Clock;
  pause: Pause;
  /** From 0 up to 1, anew with each call. */
  random: () => number;
  logger: Pick<Logger, 'error'>;
}>;

export interface SinkWorker {
  /** Works until `signal` fires; what it sends just then is broken off, and comes again. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /** Up to where the receiver has what is for it. */
  position(): Promise<Position | undefined>;
}

/** Events that are taken up together. */
const BATCH = 200;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
/** A receiver may ask for more. */
const LONGEST_WISH_MS = 900_000;
const MOST_DOUBLINGS = 10;
/** RFC 9110, 15.5.14. */
const TOO_LARGE = 413;
/** Batches of a size that a receiver takes one after another before larger ones are tried again: a 413 may have been somebody else's, and for a while. */
const TAKEN_BEFORE_MORE = 16;
/** What the program itself could not do is tried again after this. */
const INTERNAL_PAUSE_MS = 2_000;

/** After the nth failure (from 1): twice as long each time, less up to half of it, so that sinks of one receiver do not come back together. */
export const pauseAfter = (failures: number, random: number, wish = 0): number => {
  const full = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, MOST_DOUBLINGS));
  return Math.round(Math.max(full * (1 - random / 2), Math.min(wish, LONGEST_WISH_MS)));
};

/** Ends the run under way: what was at hand was not taken. */
class Stopped extends Error {}

const iso = (ms: number): string => new Date(ms).toISOString();

/** One sending, from a place of its own. */
const createSend = ({ tenant, transport, slots }: SinkWorkerDeps, name: SinkName) => {
  let ailing = false;
  const send = async (batch: readonly SinkRecord[], signal: AbortSignal): Promise<SinkFailure | undefined> => {
    const place = await slots.enter({ tenant, endpoint: `siem/${sinkKey(name)}`, ailing }, signal);
    if (place === undefined) throw new Stopped();
    try {
      await transport.send(batch, AbortSignal.any([signal, place.givenUp]));
      return undefined;
    } catch (error) {
      if (signal.aborted) throw new Stopped();
      const failure = failureOf(error);
      if (failure === undefined) throw error;
      return place.givenUp.aborted ? { reason: 'timeout' } : failure;
    } finally {
      place.leave();
    }
  };
  /** Undefined: it was taken. */
  return async (batch: readonly SinkRecord[], signal: AbortSignal): Promise<SinkFailure | undefined> => {
    const failure = await send(batch, signal);
    ailing = failure !== undefined && failure.status !== TOO_LARGE;
    return failure;
  };
};

const createSkip = ({ logger, statuses, clock }: SinkWorkerDeps, name: SinkName) => async ({ id, type, position, body }: SinkRecord): Promise<void> => {
  logger.error({ sink: name.sinkId, event: id, type, position, octets: Buffer.byteLength(body) }, 'an event is too large for the receiver of a SIEM sink and is passed over');
  await statuses.skipped(name, { eventId: id, position, at: iso(clock.now()) });
};

/** Octets of a batch: half as many where the receiver finds one too large, twice as many again where it takes what it is sent. */
const createSize = () => {
  let [most, taken] = [LARGEST_BATCH, 0];
  return {
    most: (): number => most,
    tooLarge: (octets: number): void => { [most, taken] = [Math.floor(octets / 2), 0]; },
    taken: (): void => {
      taken += 1;
      if (taken % TAKEN_BEFORE_MORE === 0) most = Math.min(LARGEST_BATCH, most * 2);
    },
  };
};

const createDeliver = (deps: SinkWorkerDeps, name: SinkName) => {
  const { statuses, clock, pause, random } = deps;
  const send = createSend(deps, name);
  const waitOut = async (failure: SinkFailure, failures: number, signal: AbortSignal): Promise<void> => {
    const wait = pauseAfter(failures, random(), failure.retryAfterMs);
    const now = clock.now();
    await statuses.failed(name, failure, { at: iso(now), nextAt: iso(now + wait) });
    await pause(wait, signal);
  };
  /** False: it is too large for the receiver. */
  const isTaken = async (batch: readonly SinkRecord[], signal: AbortSignal): Promise<boolean> => {
    for (let failures = 1; !signal.aborted; failures += 1) {
      const failure = await send(batch, signal);
      if (failure?.status === TOO_LARGE) return false;
      if (failure === undefined) {
        await statuses.delivered(name, batch.length, iso(clock.now()));
        return true;
      }
      await waitOut(failure, failures, signal);
    }
    throw new Stopped();
  };
  const skip = createSkip(deps, name);
  const size = createSize();
  return async (records: readonly SinkRecord[], signal: AbortSignal): Promise<void> => {
    let [batch, ...rest] = batchesOf(records, size.most());
    while (batch !== undefined) {
      const taken = await isTaken(batch, signal);
      const [only, ...more] = batch;
      if (taken) size.taken();
      if (!taken && only !== undefined && more.length === 0) await skip(only);
      if (!taken && more.length > 0) {
        size.tooLarge(octetsOf(batch));
        rest = [...batchesOf([...batch, ...rest.flat()], size.most())];
      }
      [batch, ...rest] = rest;
    }
  };
};

export const createSinkWorker = (deps: SinkWorkerDeps): SinkWorker => {
  const { tenant, sink, feed, toRecord, state, statuses, clock, pause, logger } = deps;
  const name: SinkName = { tenant, sinkId: sink.sinkId };
  const deliver = createDeliver(deps, name);
  const { startTime, target: { kind } } = sink;
  let stopping = new AbortController().signal;

  const handle = async (events: readonly Recorded[]): Promise<void> => {
    const wanted = events.filter(({ time }) => startTime === null || time >= startTime);
    const records = wanted.flatMap((recorded) => toRecord(kind, recorded) ?? []);
    await deliver(records, stopping);
  };
  const follower = createFollower({ name: sinkFollower(name), feed, state, handle, batch: BATCH });

  return {
    position: () => follower.position(),
    run: async (signal) => {
      stopping = signal;
      while (!signal.aborted) {
        try {
          await statuses.due(name, iso(clock.now()));
          await follower.run(signal);
        } catch (error) {
          if (error instanceof Stopped) return;
          logger.error({ error, sink: sink.sinkId }, 'a SIEM sink could not go on; it will try again');
          await pause(INTERNAL_PAUSE_MS, signal);
        }
      }
    },
  };
};
