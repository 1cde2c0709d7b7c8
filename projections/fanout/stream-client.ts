/** One client of the log's event streams: its place, what it has been sent, and whether it still may have it. */
import type { Position } from '../../domain/kernel/ids.ts';
import type { EventFeed, Recorded } from '../../application/kernel/ports.ts';
import { createRecent } from '../../application/kernel/recent.ts';

/** What a client is sent of an event: type and JSON; undefined when it is none of the public's. */
export type Shown = Readonly<{ type: string; json: string }>;

/** Ticks without anything sent after which a comment shows that the connection is alive: 15 s. */
const BEAT_AFTER = 30;
/** Ticks after which a client that has not taken what it was sent counts as stalled: 1 s. */
const STALLED_AFTER = 2;
/** Octets that may happen behind the back of a client that is stalled. */
const MOST_BEHIND = 1_048_576;
const BATCH = 50;
const FRAMES_KEPT = 2_000;

const BEAT = Buffer.from(': hb\n\n');
/** WHATWG HTML, 9.2.5: how long a browser waits before it comes back, in milliseconds. */
const OPENING = Buffer.from('retry: 1000\n\n');

const frameOf = (position: Position, { type, json }: Shown): Buffer => Buffer.from(`id: ${position}\nevent: ${type}\ndata: ${json}\n\n`);

const NOTHING = Buffer.alloc(0);

/** An event as it is sent; empty when nothing of it is. */
export type Frame = (recorded: Recorded) => Buffer;

/** Events of the end of the log are written out once for all clients. */
export const createFrames = (show: (recorded: Recorded) => Shown | undefined): Frame => {
  const known = createRecent<Position, Buffer>(FRAMES_KEPT);
  const make = (recorded: Recorded): Buffer => {
    const shown = show(recorded);
    return shown === undefined ? NOTHING : frameOf(recorded.position, shown);
  };
  return (recorded) => {
    const before = known.get(recorded.position);
    if (before !== undefined) return before;
    const frame = make(recorded);
    known.set(recorded.position, frame);
    return frame;
  };
};

const never = AbortSignal.abort();

export type Place = Readonly<{
  /** What the client has already; undefined: nothing. */
  after: Position | undefined;
  /** Asked at each tick; once it says no, the stream ends. */
  authorised: () => Promise<boolean>;
}>;

/** The log as a client reads it. */
export type Reading = Readonly<{
  feed: EventFeed;
  head: () => Promise<Position | undefined>;
  /** Whoever reads what is long past waits for their turn; rejects when the client has gone. */
  turn: () => Promise<void>;
}>;

/** Ticks come twice a second, from whoever serves it. */
export class Client {
  readonly #reading: Reading;
  readonly #frame: Frame;
  readonly #authorised: () => Promise<boolean>;
  readonly #cut = new AbortController();
  #wake = new AbortController();
  #place: Position | undefined;
  #over = false;
  #live = false;
  #looking = false;
  /** Ticks since it was sent something, or took what it was sent. */
  #quiet = 0;
  #sending = false;
  /** How far what it has not taken was counted, and how much it is. */
  #counted: Position | undefined;
  #behind = 0;

  constructor(reading: Reading, frame: Frame, { after, authorised }: Place) {
    this.#reading = reading;
    this.#frame = frame;
    this.#authorised = authorised;
    this.#place = after;
  }

  get cut(): AbortSignal {
    return this.#cut.signal;
  }

  end(): void {
    this.#over = true;
    this.#wake.abort();
  }

  async *frames(): AsyncGenerator<Buffer> {
    yield* this.#sent(OPENING);
    while (await this.#mayRead()) {
      const { events, scannedTo } = await this.#reading.feed.pull(this.#place, BATCH, this.#awake());
      if (this.#over) return;
      this.#place = scannedTo ?? this.#place;
      const [first = NOTHING, ...more] = events.map(this.#frame);
      const bytes = more.length === 0 ? first : Buffer.concat([first, ...more]);
      if (bytes.length > 0) yield* this.#sent(bytes);
      else if (this.#quiet >= BEAT_AFTER) yield* this.#sent(BEAT);
    }
  }

  /** Twice a second; a look that takes longer is not joined by another. */
  async tick(): Promise<void> {
    this.#quiet += 1;
    if (this.#over || this.#looking) return;
    this.#looking = true;
    await this.#look().finally(() => { this.#looking = false; });
  }

  async #look(): Promise<void> {
    if (!(await this.#authorised().catch(() => false))) return this.#dismiss();
    if (this.#sending) await this.#lookBehind();
    else if (this.#quiet >= BEAT_AFTER) this.#wake.abort();
  }

  /** Who does not take what they were sent does not see the end, either: they are cut off. */
  #dismiss(): void {
    this.end();
    if (this.#sending) this.#cut.abort();
  }

  /** False once it is over. Who has been at the end of the log is given what happens; who comes from the past would keep all others waiting. */
  async #mayRead(): Promise<boolean> {
    if (!this.#live) {
      const head = await this.#reading.head();
      this.#live = head === undefined || (this.#place ?? '') >= head;
      if (!this.#live) await this.#reading.turn().catch(() => this.end());
    }
    return !this.#over;
  }

  /** A signal for one wait: whoever fires it wakes the client. */
  #awake(): AbortSignal {
    if (this.#wake.signal.aborted && !this.#over) this.#wake = new AbortController();
    return this.#wake.signal;
  }

  *#sent(bytes: Buffer): Generator<Buffer> {
    this.#sending = true;
    this.#quiet = 0;
    this.#counted = this.#place;
    this.#behind = bytes.length;
    yield bytes;
    this.#sending = false;
    this.#quiet = 0;
  }

  /** Counts on through the log, and stops where it is enough. */
  async #count(): Promise<void> {
    while (this.#behind <= MOST_BEHIND) {
      const { events, scannedTo } = await this.#reading.feed.pull(this.#counted, BATCH, never);
      for (const event of events) this.#behind += this.#frame(event).length;
      if (scannedTo === undefined || scannedTo === this.#counted) return;
      this.#counted = scannedTo;
    }
  }

  async #lookBehind(): Promise<void> {
    if (this.#quiet < STALLED_AFTER) return;
    await this.#count();
    // It may have taken it while this was counted.
    if (this.#sending && this.#behind > MOST_BEHIND) this.#cut.abort();
  }
}
