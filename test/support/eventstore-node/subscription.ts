/** Subscriptions to a stream or to $all: first what is there, then what comes; a filtered one says from time to time how far it has looked. */
import type { ReadReq } from '@eventstore/db-client/generated/streams_pb.js';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { NodeContext } from './context.ts';
import { eventMessage, nameOf } from './convert.ts';
import type { LogEvent } from './event.ts';
import type { EventLog } from './log.ts';
import { ReadResp } from './protocol.ts';
import { indexOf, namedPosition, send, type ReadCall, type ReadOptions } from './read.ts';

/** How many events a filtered subscription looks at before its window is full, where the client names no number. */
const DEFAULT_WINDOW = 32;

type Filter = Readonly<{ passes: (event: LogEvent) => boolean; checkpointEvery: number }>;

const matcherOf = (expression: ReadReq.Options.FilterOptions.Expression): ((name: string) => boolean) => {
  const [regex, prefixes] = [expression.getRegex(), expression.getPrefixList()];
  if (regex === '') return (name) => prefixes.some((prefix) => name.startsWith(prefix));
  const pattern = new RegExp(regex, 'u');
  return (name) => pattern.test(name);
};

const filterOf = (options: ReadOptions): Filter | undefined => {
  const filter = options.getFilter();
  const [byStream, byType] = [filter?.getStreamIdentifier(), filter?.getEventType()];
  const expression = byStream ?? byType;
  if (filter === undefined || expression === undefined) return undefined;
  const matches = matcherOf(expression);
  const window = filter.hasMax() ? filter.getMax() : DEFAULT_WINDOW;
  return {
    passes: ({ stream, type }) => matches(byStream === undefined ? type : stream),
    checkpointEvery: window * Math.max(1, filter.getCheckpointintervalmultiplier()),
  };
};

type Start = Readonly<{ events: () => readonly LogEvent[]; next: number }>;

const startInAll = (log: EventLog, options: ReadOptions): Start => {
  const events = (): readonly LogEvent[] => log.all;
  const position = namedPosition(log, options);
  if (position === undefined) return { events, next: options.getAll()?.hasEnd() === true ? log.all.length : 0 };
  const index = indexOf(log.all, position);
  return { events, next: index < log.all.length ? index + 1 : index };
};

/** The events to come, and where to go on among them: the first after what the client has seen. */
const startOf = ({ log }: NodeContext, options: ReadOptions): Start => {
  const stream = options.getStream();
  if (stream === undefined) return startInAll(log, options);
  const name = nameOf(stream.getStreamIdentifier());
  const events = (): readonly LogEvent[] => log.stream(name) ?? [];
  if (stream.hasEnd()) return { events, next: events().length };
  return { events, next: stream.hasRevision() ? Number(stream.getRevision()) + 1 : 0 };
};

const checkpointAt = ({ commit, prepare }: LogEvent): InstanceType<typeof ReadResp> =>
  new ReadResp().setCheckpoint(new ReadResp.Checkpoint().setCommitPosition(String(commit)).setPreparePosition(String(prepare)));

/** One subscriber, from its confirmation until it goes away. */
class Subscriber {
  private considered = 0;
  private isLive = false;
  private readonly node: NodeContext;
  private readonly call: ReadCall;
  private readonly filter: Filter | undefined;

  constructor(node: NodeContext, call: ReadCall, filter: Filter | undefined) {
    this.node = node;
    this.call = call;
    this.filter = filter;
  }

  async follow({ events, next }: Start): Promise<void> {
    const gone = new AbortController();
    this.call.once('cancelled', () => gone.abort());
    this.call.once('close', () => gone.abort());
    let at = next;
    while (!gone.signal.aborted) {
      const grown = once(this.node.log.changes, 'grown', { signal: gone.signal }).catch(() => undefined);
      for (const known = events(); at < known.length; at += 1) if (!(await this.show(known[at] as LogEvent))) return gone.abort();
      if (at < events().length) continue;
      await this.caughtUp(events()[at - 1]);
      await grown;
    }
  }

  private async show(event: LogEvent): Promise<boolean> {
    if (this.filter === undefined) return send(this.call, eventMessage(event));
    this.considered += 1;
    if (this.filter.passes(event) && !(await send(this.call, eventMessage(event)))) return false;
    if (this.considered % this.filter.checkpointEvery !== 0) return true;
    return send(this.call, checkpointAt(event));
  }

  /** On the way from the past to the present: a filtered one says how far it has looked. */
  private async caughtUp(last: LogEvent | undefined): Promise<void> {
    if (this.isLive) return;
    this.isLive = true;
    if (this.filter !== undefined && last !== undefined) await send(this.call, checkpointAt(last));
    if (this.node.tellsCaughtUp) await send(this.call, new ReadResp().setCaughtUp(new ReadResp.CaughtUp()));
  }
}

/** Confirms a subscription and serves it until its client ends it. */
export const subscribe = async (node: NodeContext, call: ReadCall, options: ReadOptions): Promise<void> => {
  const start = startOf(node, options);
  const subscriber = new Subscriber(node, call, filterOf(options));
  await send(call, new ReadResp().setConfirmation(new ReadResp.SubscriptionConfirmation().setSubscriptionId(randomUUID())));
  await subscriber.follow(start);
};
