/**
 * Appends over one batch stream: each is sent when it is asked for, and they are answered in whatever order they are done. The client's own batch
 * append keeps what waits in one place for all connections of the process, so that the loss of one fails the others' appends and the next answer
 * ends the process; here each stream has its own.
 */
import { randomUUID } from 'node:crypto';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import type { BatchAppendReq as Request, BatchAppendResp as Response } from '@eventstore/db-client/generated/streams_pb.js';
import type { Status } from '@eventstore/db-client/generated/status_pb.js';
import streamsGrpc from '@eventstore/db-client/generated/streams_grpc_pb.js';
import type { Position, StreamId } from '../../domain/kernel/ids.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import { appendRequests, type Proposal, uuidOf, wrongVersion } from './batch-messages.ts';
import type { Held } from './connection.ts';
import { RefusedError } from './failures.ts';
import { type Place, toPosition } from './places.ts';
import { within } from './waiting.ts';

type Stream = ClientDuplexStream<Request, Response>;

/** Where the last of the events is; or, where nothing was stored, where the stream is (-1: there is none). */
export type Answer = Readonly<{ revision: number; position: Position | undefined }> | Readonly<{ actual: number }>;

/** `expected`: -1 for none. */
type Asked = Readonly<{ stream: StreamId; expected: number; events: readonly Proposal[] }>;

export interface Batches {
  /** Once, within so many milliseconds. */
  append(held: Held, asked: Asked, milliseconds: number): Promise<Answer>;
  /** The stream of appends as it is now: what it is called with is sent before it returns, so in the order of the calls. */
  open(held: Held): Promise<(asked: Asked, milliseconds: number) => Promise<Answer>>;
}

type Pending = Map<string, PromiseWithResolvers<Answer>>;
type Open = Readonly<{ stream: Stream; pending: Pending }>;

/** Types of errors that are the same however often one asks. */
const REFUSED = /StreamDeleted|InvalidTransaction|BadRequest/;
const TOO_LARGE = /MaximumAppendSizeExceeded/;

const failureOf = (error: Status): Error => {
  const type = error.hasDetails() ? (error.getDetails()?.getTypeName() ?? '') : '';
  if (TOO_LARGE.test(type)) return new Rejection('request.too_large');
  const message = `EventStoreDB: ${error.getMessage()} ${type}`;
  return REFUSED.test(type) ? new RefusedError(message) : new Error(message);
};

const settle = (waiting: PromiseWithResolvers<Answer>, response: Response): void => {
  const error = response.getError();
  if (error !== undefined) {
    const actual = wrongVersion(error);
    if (actual === undefined) waiting.reject(failureOf(error));
    else waiting.resolve({ actual });
    return;
  }
  const success = response.getSuccess();
  const position = success?.getPosition();
  const place: Place | undefined = position && { commit: BigInt(position.getCommitPosition()), prepare: BigInt(position.getPreparePosition()) };
  waiting.resolve({ revision: Number(success?.getCurrentRevision()), position: place && toPosition(place) });
};

const listen = (stream: Stream): Open => {
  const pending: Pending = new Map();
  const lost = (error: Error): void => {
    for (const { reject } of pending.values()) reject(error);
    pending.clear();
  };
  const answered = (response: Response): void => {
    const waiting = pending.get(uuidOf(response.getCorrelationId()));
    // Nobody waits for the answer to what has been given up meanwhile.
    if (waiting !== undefined) settle(waiting, response);
  };
  stream.on('data', (response: Response) => {
    try {
      answered(response);
    } catch {
      // Whatever it was to say: what has become of the appends that wait is found out by asking again, over another stream.
      stream.cancel();
      stream.destroy(new Error('EventStoreDB answered an append with what is no answer'));
    }
  });
  stream.on('error', lost);
  for (const ending of ['end', 'close'] as const) stream.on(ending, () => lost(new Error('EventStoreDB ended the stream of appends')));
  return { stream, pending };
};

export const createBatches = (): Batches => {
  /** By the stream; the client keeps one stream for each of its connections, and opens another when that is gone. */
  const opened = new WeakMap<Stream, Open>();
  const kept = new WeakMap<object, Stream | Promise<Stream>>();
  const open = async ({ client }: Held): Promise<Open> => {
    const create = client['GRPCStreamCreator'](
      streamsGrpc.StreamsClient,
      'batchAppend',
      (streams) => streams.batchAppend(...client['callArguments']({ requiresLeader: true }, { deadline: Infinity })),
      kept as never,
    );
    const stream = (await create()) as Stream;
    const known = opened.get(stream) ?? listen(stream);
    opened.set(stream, known);
    return known;
  };
  const send = async ({ stream, pending }: Open, asked: Asked, milliseconds: number): Promise<Answer> => {
    const key = randomUUID();
    if (stream.destroyed) throw new Error('the stream of appends is gone');
    const waiting = Promise.withResolvers<Answer>();
    pending.set(key, waiting);
    try {
      for (const request of appendRequests({ ...asked, key })) stream.write(request);
      return await within(waiting.promise, milliseconds);
    } finally {
      pending.delete(key);
    }
  };
  return {
    append: async (held, asked, milliseconds) => send(await open(held), asked, milliseconds),
    open: async (held) => {
      const line = await open(held);
      return (asked, milliseconds) => send(line, asked, milliseconds);
    },
  };
};
