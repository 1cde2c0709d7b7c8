/** One client of the log's event streams: its place, what it has been sent, and whether it still may have it. */
import type { Position } from '../../domain/kernel/ids.ts';
import type { EventFeed, FeedFilter } from '../../application/kernel/ports.ts';
import { piecesOf, type Frame, type Piece } from './stream-frames.ts';
import type { Hub, Listener } from './stream-hub.ts';

/** The connection to a client. */
export type Outlet = Readonly<{
  /** Takes them in any case; false: the client has not taken what came before. */
  write: (bytes: Uint8Array) => boolean;
  /** Ends the stream properly. */
  end: () => void;
  /** Ends the connection, whatever the client has taken; `why` is an error that the log should know of. */
  cut: (why?: unknown) => void;
}>;

/** Ticks without anything sent after which a comment shows that the connection is alive: 15 s. */
const BEAT_AFTER = 30;
/** Ticks after which a client that has not taken what it was sent counts as stalled: 1 s. */
const STALLED_AFTER = 2;
/** Octets that may happen behind the back of a client that is stalled, and ticks for which it may be so: 30 s. */
const MOST_BEHIND = 1_048_576;
const LONGEST_STALL = 60;
const BATCH = 50;

const BEAT = Buffer.from(': hb\n\n');
/** WHATWG HTML, 9.2.5: how long a browser waits before it comes back, in milliseconds. */
const OPENING = Buffer.from('retry: 1000\n\n');

export type Place = Readonly<{
  /** What the client has already; undefined: nothing. */
  after: Position | undefined;
  filter: FeedFilter;
  /** Asked at each tick; once it says no, the stream ends. */
  authorised: () => Promise<boolean>;
}>;

/** The log as a client reads it. */
export type Reading = Readonly<{
  feed: EventFeed;
  hub: Pick<Hub, 'join' | 'leave' | 'place'>;
  frame: Frame;
  /** Whoever reads what is past waits for their turn, and gives up when the signal fires. */
  turns: (leaving: AbortSignal) => () => Promise<void>;
}>;

/**
 * At the end of the log it is given what happens; otherwise, unless it has to take first what it was sent, it reads on for itself until it is
 * there. Ticks come twice a second, from whoever serves it.
 */
export class Client implements Listener {
  readonly #reading: Reading;
  readonly #filter: FeedFilter;
  readonly #authorised: () => Promise<boolean>;
  #outlet: Outlet | undefined;
  /** All up to here has been sent; while it is given what happens, where that began. */
  #place: Position | undefined;
  #over = false;
  #catchingUp = false;
  /** Fires when it is over; only made for those who read for themselves. */
  #leaving: AbortController | undefined;
  #looking = false;
  /** Ticks since it was sent something, or took what it was sent. */
  #quiet = 0;
  /** It has not taken what it was sent. */
  #stuck = false;
  /** How far what it has not taken was counted, and how much it is. */
  #counted: Position | undefined;
  #behind = 0;

  constructor(reading: Reading, { after, filter, authorised }: Place) {
    this.#reading = reading;
    this.#filter = filter;
    this.#authorised = authorised;
    this.#place = after;
  }

  begin(outlet: Outlet): void {
    this.#outlet = outlet;
    if (this.#over) return outlet.end();
    if (this.#sent(OPENING)) void this.#catchUp();
  }

  /** The client has taken what it was sent. */
  drained(): void {
    if (!this.#stuck) return;
    this.#stuck = false;
    this.#quiet = 0;
    void this.#catchUp();
  }

  /** The connection is gone, or nobody wants it any more. */
  over(): void {
    this.#over = true;
    this.#leaving?.abort();
    this.#reading.hub.leave(this);
  }

  give(pieces: readonly Piece[]): boolean {
    return !this.#over && pieces.every((piece) => this.#take(piece));
  }

  fail(why: unknown): void {
    this.over();
    this.#outlet?.cut(why);
  }

  /** Twice a second; a look that takes longer is not joined by another. */
  async tick(): Promise<void> {
    this.#quiet += 1;
    if (this.#over) return this.#endAtLast();
    if (this.#looking) return;
    this.#looking = true;
    await this.#look().finally(() => { this.#looking = false; });
  }

  async #look(): Promise<void> {
    if (!(await this.#authorised().catch(() => false))) return this.#dismiss();
    if (this.#stuck) await this.#lookBehind().catch((why: unknown) => this.#unread(why));
    else if (this.#quiet >= BEAT_AFTER) this.#beat();
  }

  /** The log cannot be read. Who comes back goes on from where they were. */
  #unread(why: unknown): void {
    if (!this.#over) this.fail(why);
  }

  /** Who does not take what they were sent does not see the end, either: they are cut off. */
  #dismiss(): void {
    this.over();
    this.#quiet = 0;
    if (this.#stuck) this.#outlet?.cut();
    else this.#outlet?.end();
  }

  /** The end has been sent, and the connection is still there. */
  #endAtLast(): void {
    if (this.#quiet >= STALLED_AFTER) this.#outlet?.cut();
  }

  /** Whoever has not even room for this is found out by the next event. */
  #beat(): void {
    this.#quiet = 0;
    this.#outlet?.write(BEAT);
  }

  /** False once it is stuck. */
  #sent(bytes: Buffer): boolean {
    this.#quiet = 0;
    if (this.#outlet?.write(bytes) !== false) return true;
    this.#stuck = true;
    this.#counted = this.#place;
    this.#behind = bytes.length;
    return false;
  }

  /** Sends what it does not have yet; false once it is stuck, and then its place is after what it was sent. */
  #take(piece: Piece): boolean {
    const place = this.#place ?? '';
    const bytes = piece.first > place ? piece.bytes : piece.after(place as Position);
    if (bytes.length === 0) return true;
    const taken = this.#sent(bytes);
    if (!taken) this.#counted = this.#place = piece.last;
    return taken;
  }

  get #untilOver(): AbortSignal {
    this.#leaving ??= new AbortController();
    return this.#leaving.signal;
  }

  async #catchUp(): Promise<void> {
    if (this.#catchingUp) return;
    this.#catchingUp = true;
    try {
      await this.#readOn(this.#reading.turns(this.#untilOver));
    } catch (error) {
      this.#unread(error);
    } finally {
      this.#catchingUp = false;
    }
  }

  /** Who comes from the past takes turns, or would keep all others waiting. Never at the end of the log, where a feed would wait. */
  async #readOn(turn: () => Promise<void>): Promise<void> {
    const { hub, feed, frame } = this.#reading;
    while (!this.#over && !this.#stuck && !(await hub.join(this, this.#filter, this.#place))) {
      await turn();
      const { events, scannedTo } = await feed.pull(this.#place, BATCH, this.#untilOver);
      if (this.#over) return;
      if (piecesOf(events, frame).every((piece) => this.#take(piece))) this.#place = scannedTo ?? this.#place;
    }
    // It may have gone while it was taken in.
    if (this.#over) hub.leave(this);
  }

  /** Counts on through the log as far as others are, and stops where it is enough. */
  async #count(): Promise<void> {
    const { hub, feed, frame } = this.#reading;
    while (!this.#over && this.#behind <= MOST_BEHIND && (this.#counted ?? '') < (hub.place() ?? '')) {
      const { events, scannedTo } = await feed.pull(this.#counted, BATCH, this.#untilOver);
      for (const event of events) this.#behind += frame(event).length;
      this.#counted = scannedTo ?? this.#counted;
    }
  }

  async #lookBehind(): Promise<void> {
    if (this.#quiet < STALLED_AFTER) return;
    await this.#count();
    const isTooMuch = this.#behind > MOST_BEHIND || this.#quiet >= LONGEST_STALL;
    // It may have taken it while this was counted.
    if (!this.#stuck || !isTooMuch || this.#over) return;
    this.over();
    this.#outlet?.cut();
  }
}
