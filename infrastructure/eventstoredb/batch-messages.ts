/** The messages of a batch append, put together and taken apart. */
import streams from '@eventstore/db-client/generated/streams_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import type { BatchAppendReq as Request } from '@eventstore/db-client/generated/streams_pb.js';
import type { UUID as Uuid } from '@eventstore/db-client/generated/shared_pb.js';
import type { Status } from '@eventstore/db-client/generated/status_pb.js';
import timestamps from 'google-protobuf/google/protobuf/timestamp_pb.js';
import emptyMessage from 'google-protobuf/google/protobuf/empty_pb.js';
import { uuidText } from '../event-store/uuid-bytes.ts';
import type { StreamId } from '../../domain/kernel/ids.ts';
import { systemClock } from '../runtime/clock.ts';

const { BatchAppendReq } = streams;
const { StreamIdentifier, UUID, WrongExpectedVersion } = shared;

/** An event as it is sent. */
export type Proposal = Readonly<{ id: string; type: string; data: string; metadata: string }>;

/** Bytes in one message; more are sent in several, and stored together all the same. Servers take 4 MiB by default. */
const MESSAGE_BYTES = 1_048_576;

const uuid = (text: string): Uuid => {
  const message = new UUID();
  message.setString(text);
  return message;
};

/** A UUID in either of its forms, in lower case; '' for none. */
export const uuidOf = (message: Uuid | undefined): string => {
  const structured = message?.getStructured();
  if (structured === undefined) return message?.getString().toLowerCase() ?? '';
  const bytes = Buffer.alloc(16);
  bytes.writeBigInt64BE(BigInt.asIntN(64, BigInt(structured.getMostSignificantBits())), 0);
  bytes.writeBigInt64BE(BigInt.asIntN(64, BigInt(structured.getLeastSignificantBits())), 8);
  return uuidText(bytes);
};

const message = ({ id, type, data, metadata }: Proposal): Request.ProposedMessage => {
  const proposed = new BatchAppendReq.ProposedMessage();
  proposed.setId(uuid(id));
  proposed.getMetadataMap().set('type', type).set('content-type', 'application/json');
  proposed.setData(Buffer.from(data));
  proposed.setCustomMetadata(Buffer.from(metadata));
  return proposed;
};

export type Append = Readonly<{ stream: StreamId; expected: number; events: readonly Proposal[]; key: string }>;

/** The deadline is a time of day, and clocks differ: the server's own limit is the one that counts, and we stop waiting by ourselves. */
const FAR_MS = 86_400_000;

const optionsOf = ({ stream, expected }: Append): Request.Options => {
  const options = new BatchAppendReq.Options();
  const identifier = new StreamIdentifier();
  identifier.setStreamName(Buffer.from(stream));
  options.setStreamIdentifier(identifier);
  if (expected < 0) options.setNoStream(new emptyMessage.Empty());
  else options.setStreamPosition(String(expected));
  options.setDeadline(timestamps.Timestamp.fromDate(new Date(systemClock.now() + FAR_MS)));
  return options;
};

/** One append, in as many messages as it needs. */
export function* appendRequests(append: Append): Generator<Request> {
  const next = (): Request => {
    const request = new BatchAppendReq();
    request.setCorrelationId(uuid(append.key));
    return request;
  };
  let [request, bytes] = [next(), 0];
  request.setOptions(optionsOf(append));
  for (const event of append.events) {
    const size = event.data.length + event.metadata.length;
    if (bytes > 0 && bytes + size > MESSAGE_BYTES) {
      yield request;
      [request, bytes] = [next(), 0];
    }
    request.addProposedMessages(message(event));
    bytes += size;
  }
  request.setIsFinal(true);
  yield request;
}

const WRONG_VERSION = 'event_store.client.WrongExpectedVersion';

/** Where the stream is that was expected elsewhere, -1 when there is none; undefined: it is another error. */
export const wrongVersion = (error: Status): number | undefined => {
  const details = error.getDetails();
  if (details?.getTypeName() !== WRONG_VERSION) return undefined;
  const wrong = details.unpack((bytes) => WrongExpectedVersion.deserializeBinary(bytes), WRONG_VERSION);
  return wrong?.hasCurrentStreamRevision() ? Number(wrong.getCurrentStreamRevision()) : -1;
};
