/** The log of a node: what is appended is visible, and answered, when the journal has it on disk. */
import { EventEmitter } from 'node:events';
import { systemClock } from '../../../infrastructure/runtime/clock.ts';
import { COMMIT_PAYLOAD, fromPayload, toPayload, type LogEvent, type LogPosition, type ProposedEvent } from './event.ts';
import { decideAppend, type Decision, type Expectation } from './expectations.ts';
import type { Frame, Journal } from './journal.ts';

/** How appends stand in the log: each event committed by itself, or as the transactions of older logs, committed by a record behind them. */
export type LogLayout = 'plain' | 'transactions';

export type AppendResult = Readonly<{ outcome: 'success'; revision: number; position: LogPosition | undefined }> | Exclude<Decision, { outcome: 'store' | 'known' }>;

export class EventLog {
  /** Everything visible, in the order of positions. */
  readonly all: LogEvent[] = [];
  /** Emits `grown` when events have become visible. */
  readonly changes = new EventEmitter().setMaxListeners(0);
  private readonly staged = new Map<string, LogEvent[]>();
  private readonly byId = new Map<string, LogEvent>();
  /** Events that the journal has taken and that nobody may see yet, in order. */
  private readonly unseen: LogEvent[] = [];
  private readonly journal: Journal;
  private readonly layout: LogLayout;

  constructor(journal: Journal, layout: LogLayout) {
    this.journal = journal;
    this.layout = layout;
    this.recover(journal.frames);
  }

  /** Everything of a stream that is visible; undefined: there is no such stream. */
  stream(name: string): readonly LogEvent[] | undefined {
    const staged = this.staged.get(name);
    const [first] = this.unseen;
    if (staged === undefined || first === undefined) return staged;
    let length = staged.length;
    while (length > 0 && (staged[length - 1] as LogEvent).prepare >= first.prepare) length -= 1;
    return length === 0 ? undefined : staged.slice(0, length);
  }

  /** Resolves when it is on disk. */
  async append(stream: string, expected: Expectation, events: readonly ProposedEvent[]): Promise<AppendResult> {
    const stored = this.staged.get(stream) ?? [];
    const decision = decideAppend({
      events: stored, expected, ids: events.map(({ id }) => id), find: (id) => this.byId.get(`${stream} ${id}`), hasMetadata: this.staged.has(`$$${stream}`),
    });
    if (decision.outcome === 'wrong-version') return decision;
    const last = decision.outcome === 'known' ? decision.last : this.write(stream, stored.length, events).at(-1);
    await this.journal.flushed();
    if (last !== undefined) this.show(last.prepare);
    return { outcome: 'success', revision: last?.revision ?? stored.length - 1, position: last && { commit: last.commit, prepare: last.prepare } };
  }

  private write(stream: string, from: number, proposed: readonly ProposedEvent[]): readonly LogEvent[] {
    const created = `${systemClock.now()}0000`;
    const ending = this.layout === 'plain' ? 'last' : 'transaction';
    const payloads = proposed.map((event, index) => {
      const { id, type, contentType, data } = event;
      const part = index < proposed.length - 1 && ending === 'last' ? 'more' : ending;
      return toPayload({ stream, revision: from + index, id, type, contentType, created, dataBytes: data.length, part }, event);
    });
    const offsets = this.journal.add(this.layout === 'plain' ? payloads : [...payloads, COMMIT_PAYLOAD]);
    const commit = offsets.at(-1) as number;
    const events = proposed.map((event, index): LogEvent => {
      const prepare = offsets[index] as number;
      return { ...event, stream, revision: from + index, created, prepare, commit: this.layout === 'plain' ? prepare : commit };
    });
    this.stage(events);
    this.unseen.push(...events);
    return events;
  }

  private stage(events: readonly LogEvent[]): void {
    for (const event of events) {
      const stream = this.staged.get(event.stream) ?? [];
      stream.push(event);
      this.staged.set(event.stream, stream);
      this.byId.set(`${event.stream} ${event.id}`, event);
    }
  }

  /** `upTo`: an offset up to which the journal is on disk. */
  private show(upTo: number): void {
    const waiting = this.unseen.findIndex(({ prepare }) => prepare > upTo);
    const shown = this.unseen.splice(0, waiting === -1 ? this.unseen.length : waiting);
    if (shown.length === 0) return;
    this.all.push(...shown);
    this.changes.emit('grown');
  }

  private recover(frames: readonly Frame[]): void {
    let open: LogEvent[] = [];
    const end = (events: readonly LogEvent[]): void => {
      this.stage(events);
      this.all.push(...events);
      open = [];
    };
    for (const { offset, payload } of frames) {
      const read = fromPayload(payload);
      if (read === 'commit') { end(open.map((event) => ({ ...event, commit: offset }))); continue; }
      const { dataBytes: _, part, ...head } = read.head;
      open.push({ ...head, data: read.data, metadata: read.metadata, prepare: offset, commit: offset });
      if (part === 'last') end(open);
    }
    // An append that the crash cut in two: nobody was answered, and nothing may follow on its beginning.
    const [cut] = open;
    if (cut !== undefined) this.journal.cut(cut.prepare);
  }
}
