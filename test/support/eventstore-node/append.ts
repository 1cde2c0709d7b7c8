/** Appending, one write a call. */
import type { AppendReq, AppendResp as AppendRespMessage } from '@eventstore/db-client/generated/streams_pb.js';
import type { sendUnaryData, ServerReadableStream, ServiceError } from '@grpc/grpc-js';
import { SILENCE, type NodeContext } from './context.ts';
import { empty, expectationOf, nameOf, proposedOf } from './convert.ts';
import { MAX_APPEND_BYTES, sizeOf, type ProposedEvent } from './event.ts';
import type { Expectation } from './expectations.ts';
import { appendTooLarge, invalidArgument, wrongExpectedVersion } from './failures.ts';
import type { AppendResult } from './log.ts';
import { AppendResp } from './protocol.ts';

type Success = Extract<AppendResult, { outcome: 'success' }>;

const appended = ({ revision, position }: Success): AppendRespMessage => {
  const success = new AppendResp.Success();
  if (revision < 0) success.setNoStream(empty());
  else success.setCurrentRevision(String(revision));
  if (position === undefined) success.setNoPosition(empty());
  else success.setPosition(new AppendResp.Position().setCommitPosition(String(position.commit)).setPreparePosition(String(position.prepare)));
  return new AppendResp().setSuccess(success);
};

const wrongVersionReply = (expected: Expectation, current: number): AppendRespMessage => {
  const wrong = new AppendResp.WrongExpectedVersion();
  if (current < 0) wrong.setCurrentNoStream(empty());
  else wrong.setCurrentRevision(String(current));
  if (expected === 'any') wrong.setExpectedAny(empty());
  else if (expected === 'no-stream') wrong.setExpectedNoStream(empty());
  else if (expected === 'stream-exists') wrong.setExpectedStreamExists(empty());
  else wrong.setExpectedRevision(String(expected));
  return new AppendResp().setWrongExpectedVersion(wrong);
};

const received = async (call: AsyncIterable<unknown>): Promise<{ stream: string; expected: Expectation; events: readonly ProposedEvent[] }> => {
  const events: ProposedEvent[] = [];
  let bytes = 0;
  let header: { stream: string; expected: Expectation } | undefined;
  for await (const part of call as AsyncIterable<AppendReq>) {
    const [options, message] = [part.getOptions(), part.getProposedMessage()];
    if (options !== undefined) header = { stream: nameOf(options.getStreamIdentifier()), expected: expectationOf(options, () => options.getRevision()) };
    if (message === undefined) continue;
    const event = proposedOf(message);
    bytes += sizeOf(event);
    if (bytes > MAX_APPEND_BYTES) throw appendTooLarge(MAX_APPEND_BYTES);
    events.push(event);
  }
  if (header === undefined) throw invalidArgument('The first message must be the options.');
  return { ...header, events };
};

/** `Append`: the options, then the events, one answer at the end. */
export const appendHandler = (node: NodeContext) => {
  const answer = async (call: ServerReadableStream<AppendReq, AppendRespMessage>): Promise<AppendRespMessage> => {
    const refused = node.refusal(call, 'write');
    if (refused !== undefined) throw refused;
    const { stream, expected, events } = await received(call);
    const result = await node.faults.around('write', call, () => node.log.append(stream, expected, events));
    if (result.outcome === 'success') return appended(result);
    if (node.wrongVersionAs === 'error') throw wrongExpectedVersion(stream, expected, result.current);
    return wrongVersionReply(expected, result.current);
  };
  const serve = async (call: ServerReadableStream<AppendReq, AppendRespMessage>, done: sendUnaryData<AppendRespMessage>): Promise<void> => {
    try {
      done(null, await answer(call));
    } catch (error) {
      if (error !== SILENCE) done(error as ServiceError);
    }
  };
  return (call: ServerReadableStream<AppendReq, AppendRespMessage>, done: sendUnaryData<AppendRespMessage>): void => void serve(call, done);
};
