/** Appending, many writes over one call that stays: each is told apart by its correlation id, and ended by `isFinal`. */
import type { Status as StatusMessage } from '@eventstore/db-client/generated/status_pb.js';
import type { BatchAppendReq, BatchAppendResp as BatchAppendRespMessage } from '@eventstore/db-client/generated/streams_pb.js';
import { status, type ServerDuplexStream, type ServiceError } from '@grpc/grpc-js';
import type { Message } from 'google-protobuf';
import { systemClock } from '../../../infrastructure/runtime/clock.ts';
import { SILENCE, type NodeContext } from './context.ts';
import { expectationOf, identifierOf, nameOf, positionOf, proposedOf, uuidOf } from './convert.ts';
import { MAX_APPEND_BYTES, sizeOf, type ProposedEvent } from './event.ts';
import type { Expectation } from './expectations.ts';
import { invalidArgument, NOT_READY } from './failures.ts';
import type { AppendResult } from './log.ts';
import { AccessDenied, Any, BatchAppendResp, GoogleEmpty, MaximumAppendSizeExceeded, Status, Timeout, WrongExpectedVersion } from './protocol.ts';

type Success = Extract<AppendResult, { outcome: 'success' }>;

/** As in google.rpc.Code. */
const INVALID_ARGUMENT = 3;
const DEADLINE_EXCEEDED = 4;
const PERMISSION_DENIED = 7;
const FAILED_PRECONDITION = 9;

/** `deadline`: ms since 1970. */
type Write = Readonly<{ stream: string; expected: Expectation; deadline: number; events: ProposedEvent[] }>;

const statusOf = (code: number, text: string, typeName: string, details: Message): StatusMessage => {
  const packed = new Any();
  packed.pack(details.serializeBinary(), typeName);
  return new Status().setCode(code).setMessage(text).setDetails(packed);
};

const wrongVersionStatus = (expected: Expectation, current: number): StatusMessage => {
  const wrong = new WrongExpectedVersion();
  if (current < 0) wrong.setCurrentNoStream(new GoogleEmpty());
  else wrong.setCurrentStreamRevision(String(current));
  if (expected === 'any') wrong.setExpectedAny(new GoogleEmpty());
  else if (expected === 'no-stream') wrong.setExpectedNoStream(new GoogleEmpty());
  else if (expected === 'stream-exists') wrong.setExpectedStreamExists(new GoogleEmpty());
  else wrong.setExpectedStreamPosition(String(expected));
  return statusOf(FAILED_PRECONDITION, 'WrongExpectedVersion', 'event_store.client.WrongExpectedVersion', wrong);
};

const batchSuccess = ({ revision, position }: Success): InstanceType<typeof BatchAppendResp.Success> => {
  const success = new BatchAppendResp.Success();
  if (revision < 0) success.setNoStream(new GoogleEmpty());
  else success.setCurrentRevision(String(revision));
  return position === undefined ? success.setNoPosition(new GoogleEmpty()) : success.setPosition(positionOf(position));
};

/** What a write comes to besides what the log says of it: these end no call. */
type Refused = 'late' | 'too-large' | 'denied' | 'not-ready';

const refusedStatus = (refused: Refused): StatusMessage => {
  if (refused === 'late') return statusOf(DEADLINE_EXCEEDED, 'Timeout', 'event_store.client.Timeout', new Timeout());
  if (refused === 'denied') return statusOf(PERMISSION_DENIED, 'Access Denied', 'event_store.client.AccessDenied', new AccessDenied());
  // A node says this without a type that clients know.
  if (refused === 'not-ready') return statusOf(0, 'Server Is Not Ready', 'google.protobuf.Empty', new GoogleEmpty());
  const details = new MaximumAppendSizeExceeded().setMaxappendsize(MAX_APPEND_BYTES);
  return statusOf(INVALID_ARGUMENT, 'Maximum Append Size Exceeded', 'event_store.client.MaximumAppendSizeExceeded', details);
};

const replyTo = (write: Write, result: AppendResult | Refused): BatchAppendRespMessage => {
  const reply = new BatchAppendResp().setStreamIdentifier(identifierOf(write.stream));
  if (typeof result === 'string') return reply.setError(refusedStatus(result));
  if (result.outcome === 'success') return reply.setSuccess(batchSuccess(result));
  return reply.setError(wrongVersionStatus(write.expected, result.current));
};

/** Errors that a node answers to the one write, not to the call. */
const refusedFor = (error: unknown): Refused => {
  const { code, details } = error as ServiceError;
  if (code === status.PERMISSION_DENIED) return 'denied';
  if (code === status.ABORTED) return 'late';
  if (details === NOT_READY) return 'not-ready';
  throw error;
};

/** Puts together the writes that come in parts, one after the other or mixed. */
class Writes {
  private readonly open = new Map<string, Write>();

  /** The write that the part has ended; undefined: there is more to come. */
  add(part: BatchAppendReq, id: string): Write | undefined {
    const write = this.open.get(id) ?? this.begin(part, id);
    write.events.push(...part.getProposedMessagesList().map(proposedOf));
    if (!part.getIsFinal()) return undefined;
    this.open.delete(id);
    return write;
  }

  private begin(part: BatchAppendReq, id: string): Write {
    const options = part.getOptions();
    if (options === undefined) throw invalidArgument('The first part of a write must have the options.');
    const write = {
      stream: nameOf(options.getStreamIdentifier()),
      expected: expectationOf(options, () => options.getStreamPosition()),
      deadline: options.getDeadline()?.toDate().getTime() ?? Infinity,
      events: [],
    };
    this.open.set(id, write);
    return write;
  }
}

type BatchCall = ServerDuplexStream<BatchAppendReq, BatchAppendRespMessage>;

const bytesOf = (events: readonly ProposedEvent[]): number => events.reduce((sum, event) => sum + sizeOf(event), 0);

const store = async ({ log }: NodeContext, { stream, expected, deadline, events }: Write): Promise<AppendResult | Refused> => {
  if (deadline < systemClock.now()) return 'late';
  return bytesOf(events) > MAX_APPEND_BYTES ? 'too-large' : log.append(stream, expected, events);
};

/** `BatchAppend`: answers each write when it is stored or refused; what is wrong with the node itself ends the call, and all its writes. */
export const batchAppendHandler = (node: NodeContext) => (call: BatchCall): void => {
  const writes = new Writes();
  const resultOf = async (write: Write): Promise<AppendResult | Refused> => {
    try {
      const refused = node.refusal(call, 'write');
      if (refused !== undefined) throw refused;
      return await node.faults.around('write', call, () => store(node, write));
    } catch (error) {
      return refusedFor(error);
    }
  };
  const take = async (part: BatchAppendReq): Promise<void> => {
    const id = part.getCorrelationId()?.getString() ?? '';
    const write = writes.add(part, id);
    if (write === undefined) return;
    const result = await resultOf(write);
    if (!call.cancelled) call.write(replyTo(write, result).setCorrelationId(uuidOf(id)));
  };
  call.on('data', (part: BatchAppendReq) => {
    take(part).catch((error: unknown) => { if (error !== SILENCE) call.emit('error', error as ServiceError); });
  });
  call.on('end', () => call.end());
  call.on('error', () => undefined);
};
