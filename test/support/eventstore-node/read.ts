/** Reading: pages of a stream or of $all, either way. */
import type { ReadReq as ReadReqMessage, ReadResp as ReadRespMessage } from '@eventstore/db-client/generated/streams_pb.js';
import type { ServerWritableStream } from '@grpc/grpc-js';
import { once } from 'node:events';
import { eventMessage, nameOf, notFoundMessage } from './convert.ts';
import { comparePositions, type LogEvent, type LogPosition } from './event.ts';
import { invalidPosition } from './failures.ts';
import type { EventLog } from './log.ts';
import { ReadReq } from './protocol.ts';

export type ReadCall = ServerWritableStream<ReadReqMessage, ReadRespMessage>;
export type ReadOptions = ReadReqMessage.Options;

/** Sends one message; resolves when there is room for the next. False: nobody listens any more. */
export const send = async (call: ReadCall, message: ReadRespMessage): Promise<boolean> => {
  if (call.cancelled || call.destroyed) return false;
  if (call.write(message)) return true;
  const gone = new AbortController();
  const leave = (): void => gone.abort();
  call.once('cancelled', leave);
  call.once('close', leave);
  await once(call, 'drain', { signal: gone.signal }).catch(() => undefined);
  call.off('cancelled', leave);
  call.off('close', leave);
  return !gone.signal.aborted;
};

/** The index of the first event of $all at or after a position. */
export const indexOf = (all: readonly LogEvent[], position: LogPosition): number => {
  let [low, high] = [0, all.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (comparePositions(all[middle] as LogEvent, position) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** A position must be one that the log has given: no record begins anywhere else. */
export const checkedPosition = (all: readonly LogEvent[], position: LogPosition): LogPosition => {
  const event = all[indexOf(all, position)];
  if (event !== undefined && comparePositions(event, position) !== 0) throw invalidPosition();
  return position;
};

const positionIn = (all: NonNullable<ReturnType<ReadOptions['getAll']>>): LogPosition | undefined => {
  const position = all.getPosition();
  return position && { commit: Number(position.getCommitPosition()), prepare: Number(position.getPreparePosition()) };
};

/** The position that options for $all name; undefined: they name the start or the end. */
export const namedPosition = (log: EventLog, options: ReadOptions): LogPosition | undefined => {
  const all = options.getAll();
  const position = all && positionIn(all);
  return position && checkedPosition(log.all, position);
};

const isBackwards = (options: ReadOptions): boolean => options.getReadDirection() === ReadReq.Options.ReadDirection.BACKWARDS;

/** Backwards, everything that was committed before the position: nothing of the transaction that it lies in. */
const allFrom = (log: EventLog, options: ReadOptions): number => {
  const position = namedPosition(log, options);
  if (position !== undefined) return indexOf(log.all, isBackwards(options) ? { ...position, prepare: 0 } : position);
  return options.getAll()?.hasEnd() === true ? log.all.length : 0;
};

const streamFrom = (events: readonly LogEvent[], options: ReadOptions): number => {
  const stream = options.getStream();
  if (stream?.hasEnd() === true) return events.length;
  return stream?.hasRevision() === true ? Number(stream.getRevision()) : 0;
};

function* between(events: readonly LogEvent[], from: number, to: number, step: 1 | -1): Generator<LogEvent> {
  for (let index = from; step === 1 ? index < to : index > to; index += step) yield events[index] as LogEvent;
}

/** Backwards, a revision is that of the first event given; a position, or the end, is behind it. */
const backwards = (events: readonly LogEvent[], from: number, options: ReadOptions): Iterable<LogEvent> => {
  const isInclusive = options.getStream()?.hasEnd() === false;
  const first = isInclusive ? Math.min(from, events.length - 1) : from - 1;
  return between(events, first, Math.max(-1, first - Number(options.getCount())), -1);
};

/** The events that a read asks for; undefined: there is no such stream. */
const selected = (log: EventLog, options: ReadOptions): Iterable<LogEvent> | undefined => {
  const stream = options.getStream();
  const events = stream === undefined ? log.all : log.stream(nameOf(stream.getStreamIdentifier()));
  if (events === undefined) return undefined;
  const from = stream === undefined ? allFrom(log, options) : streamFrom(events, options);
  if (isBackwards(options)) return backwards(events, from, options);
  return between(events, from, Math.min(events.length, from + Number(options.getCount())), 1);
};

/** Sends what a read asks for, to its end. */
export const sendPage = async (log: EventLog, call: ReadCall, options: ReadOptions): Promise<void> => {
  const events = selected(log, options);
  if (events === undefined) {
    await send(call, notFoundMessage(nameOf(options.getStream()?.getStreamIdentifier())));
    return;
  }
  for (const event of events) if (!(await send(call, eventMessage(event)))) return;
};
