/**
 * The whole log, in order, paged by reads. In EventStoreDB the order is that of the commit positions of what its index has taken, and it only grows at its
 * end: nothing is ever added below a position that has been read.
 */
import type { EventCodec } from '../../application/kernel/event-codec.ts';
import type { EventFeed, EventLog, FeedFilter, FeedPage, Recorded } from '../../application/kernel/ports.ts';
import { isPosition } from '../../application/kernel/positions.ts';
import { isUnavailable } from '../../application/kernel/unavailable.ts';
import type { Position } from '../../domain/kernel/ids.ts';
import { createLogEnd, createPasses, type LogEnd, pageOf, type Passes } from '../event-store/log-end.ts';
import type { Connection } from './connection.ts';
import { createFresh } from './fresh.ts';
import { fromPosition } from './places.ts';
import { readBefore, readLog, readLogEnd } from './pages.ts';
import { recordedEvent, storedEvent } from './stored-event.ts';
import { monotonic, pauseUntil } from './waiting.ts';
import type { WakeUps } from './wake-ups.ts';

/** Events that one read of the log asks for, at most. */
const PAGE = 1_000;
/** While the log moves all the time its end is read this often: once for many events, not once for each. Milliseconds. */
const READ_EVERY_MS = 5;
/** Smaller than every position. */
const BEGINNING = '';

type Scanned = Readonly<{ events: readonly Recorded[]; upTo: Position | undefined }>;

type Scan = (after: Position | undefined, count: number) => Promise<Scanned>;

export type EventLogDeps = Readonly<{ connection: Connection; codec: EventCodec; wakeUps: WakeUps }>;

const createScan = ({ connection, codec }: EventLogDeps): Scan => async (after, count) => {
  const { events, upTo } = await connection.persist((held, milliseconds) => readLog(held, after, count, milliseconds));
  const ours = events.flatMap((event) => storedEvent(event) ?? []);
  return { events: ours.map((event) => recordedEvent(codec, event)), upTo };
};

/** The end of the log, read once for all who follow it. */
class Tail {
  readonly #end: LogEnd<string> = createLogEnd<string>(BEGINNING, ({ position }) => position);
  readonly #scan: Scan;
  readonly #wakeUps: WakeUps;
  #reading: Promise<number> | undefined;
  #readAt = 0;

  constructor(scan: Scan, wakeUps: WakeUps) {
    this.#scan = scan;
    this.#wakeUps = wakeUps;
  }

  /** What is known behind a position; undefined where that is nothing, or where it is too far back. */
  after(after: string): Readonly<{ events: readonly Recorded[]; upTo: Position }> | undefined {
    const { upTo } = this.#end;
    return after < upTo && this.#end.covers(after) ? { events: this.#end.after(after), upTo: upTo as Position } : undefined;
  }

  /** Whether what follows a position is what is read next for all; the end is where the foremost of them is. */
  isAtEnd(after: string): boolean {
    if (after > this.#end.upTo && this.#reading === undefined) this.#end.restart(after);
    return after === this.#end.upTo;
  }

  /** Whether nothing is known behind a position, and it has not moved elsewhere meanwhile. */
  isAt(after: string): boolean {
    return after === this.#end.upTo;
  }

  /** Reads on, once for all who ask meanwhile. Answers how many wake-ups there had been when the read began. */
  readOn(): Promise<number> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #read(): Promise<number> {
    await pauseUntil(this.#readAt + READ_EVERY_MS);
    this.#readAt = monotonic();
    const seen = this.#wakeUps.count;
    const { upTo } = this.#end;
    const found = await this.#scan(upTo === BEGINNING ? undefined : (upTo as Position), PAGE);
    if (found.upTo !== undefined) this.#end.add(found.events, found.upTo);
    return seen;
  }
}

/** Resolves with undefined as soon as the signal fires; the work itself goes on for others. */
const unless = async <Result>(signal: AbortSignal, work: Promise<Result>): Promise<Result | undefined> => {
  const stopped = Promise.withResolvers<undefined>();
  const stop = (): void => stopped.resolve(undefined);
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([work, stopped.promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
};

type FeedDeps = Readonly<{ tail: Tail; scan: Scan; wakeUps: WakeUps; passes: Passes | undefined }>;
type Asked = Readonly<{ after: Position | undefined; limit: number }>;

/** Behind a position that is none of the end's, read for one follower alone. */
const scanAlone = async ({ scan, wakeUps, passes }: FeedDeps, { after, limit }: Asked, signal: AbortSignal): Promise<Scanned | undefined> => {
  const seen = wakeUps.count;
  const scanned = await unless(signal, scan(after, passes === undefined ? Math.min(limit, PAGE) : PAGE));
  if (scanned?.upTo === undefined) await wakeUps.since(seen, signal);
  return scanned;
};

/** What lies behind a position now; undefined where there is nothing yet, and then only once there is reason to look again. */
const look = async (deps: FeedDeps, asked: Asked, signal: AbortSignal): Promise<Scanned | undefined> => {
  const { tail, wakeUps } = deps;
  const behind = asked.after ?? BEGINNING;
  const seen = wakeUps.count;
  try {
    if (!tail.isAtEnd(behind)) return await scanAlone(deps, asked, signal);
    const began = await unless(signal, tail.readOn());
    if (began !== undefined && tail.isAt(behind)) await wakeUps.since(began, signal);
  } catch (error) {
    if (!isUnavailable(error)) throw error;
    // Whoever follows the log waits until it is back.
    await wakeUps.since(seen, signal);
  }
  return undefined;
};

/** For whoever does not wait: what there is. */
const lookOnce = ({ tail, scan, passes }: FeedDeps, { after, limit }: Asked): Scanned | Promise<Scanned> =>
  tail.after(after ?? BEGINNING) ?? scan(after, passes === undefined ? Math.min(limit, PAGE) : PAGE);

/** What there is as soon as there is something; undefined when the signal has fired before. */
const lookUntil = async (deps: FeedDeps, asked: Asked, signal: AbortSignal): Promise<Scanned | undefined> => {
  let found: Scanned | undefined;
  while (found?.upTo === undefined && !signal.aborted) found = deps.tail.after(asked.after ?? BEGINNING) ?? (await look(deps, asked, signal));
  return found;
};

const createFeed = (deps: FeedDeps): EventFeed => ({
  pull: async (after, limit, signal): Promise<FeedPage> => {
    // Of another store's position there is nothing behind.
    if (after !== undefined) fromPosition(after);
    const asked = { after, limit };
    const found = await (signal.aborted ? lookOnce(deps, asked) : lookUntil(deps, asked, signal));
    if (found?.upTo === undefined) return { events: [], scannedTo: after };
    return pageOf(deps.passes === undefined ? found.events : found.events.filter(deps.passes), limit, found.upTo);
  },
});

export const createEventLog = (deps: EventLogDeps): EventLog => {
  const { connection, wakeUps } = deps;
  const scan = createScan(deps);
  const tail = new Tail(scan, wakeUps);
  const head = createFresh<'head', Position | undefined>(() => connection.persist((held, milliseconds) => readLogEnd(held, milliseconds)));
  return {
    feed: (filter: FeedFilter = {}) => createFeed({ tail, scan, wakeUps, passes: createPasses(filter) }),
    head: () => head('head'),
    before: (position) => (isPosition(position) ? connection.persist((held, milliseconds) => readBefore(held, position, milliseconds)) : Promise.resolve(undefined)),
  };
};
