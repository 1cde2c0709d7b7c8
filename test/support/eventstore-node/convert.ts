/** Between the client's messages and the node's own values. */
import type { StreamIdentifier as StreamIdentifierMessage, UUID as UuidMessage } from '@eventstore/db-client/generated/shared_pb.js';
import type { ReadResp as ReadRespMessage } from '@eventstore/db-client/generated/streams_pb.js';
import type * as jspb from 'google-protobuf';
import type { LogEvent, LogPosition, ProposedEvent } from './event.ts';
import type { Expectation } from './expectations.ts';
import { AllStreamPosition, Empty, ReadResp, StreamIdentifier, UUID } from './protocol.ts';

export const nameOf = (identifier: StreamIdentifierMessage | undefined): string => Buffer.from(identifier?.getStreamName_asU8() ?? []).toString('utf8');

export const identifierOf = (stream: string): StreamIdentifierMessage => new StreamIdentifier().setStreamName(new Uint8Array(Buffer.from(stream)));

export const uuidOf = (id: string): UuidMessage => new UUID().setString(id);

type Proposed = Readonly<{
  getId(): UuidMessage | undefined;
  getMetadataMap(): jspb.Map<string, string>;
  getData_asU8(): Uint8Array;
  getCustomMetadata_asU8(): Uint8Array;
}>;

export const proposedOf = (message: Proposed): ProposedEvent => ({
  id: message.getId()?.getString() ?? '',
  type: message.getMetadataMap().get('type') ?? '',
  contentType: message.getMetadataMap().get('content-type') ?? 'application/octet-stream',
  data: message.getData_asU8(),
  metadata: message.getCustomMetadata_asU8(),
});

type Expecting = Readonly<{ hasAny(): boolean; hasNoStream(): boolean; hasStreamExists(): boolean }>;

/** `revision`: what stands for a number in this kind of request. */
export const expectationOf = (options: Expecting, revision: () => string): Expectation => {
  if (options.hasAny()) return 'any';
  if (options.hasNoStream()) return 'no-stream';
  return options.hasStreamExists() ? 'stream-exists' : Number(revision());
};

export const positionOf = ({ commit, prepare }: LogPosition): InstanceType<typeof AllStreamPosition> =>
  new AllStreamPosition().setCommitPosition(String(commit)).setPreparePosition(String(prepare));

export const eventMessage = (event: LogEvent): ReadRespMessage => {
  const recorded = new ReadResp.ReadEvent.RecordedEvent()
    .setId(uuidOf(event.id))
    .setStreamIdentifier(identifierOf(event.stream))
    .setStreamRevision(String(event.revision))
    .setCommitPosition(String(event.commit))
    .setPreparePosition(String(event.prepare))
    .setData(event.data)
    .setCustomMetadata(event.metadata);
  recorded.getMetadataMap().set('type', event.type).set('content-type', event.contentType).set('created', event.created);
  return new ReadResp().setEvent(new ReadResp.ReadEvent().setEvent(recorded).setCommitPosition(String(event.commit)));
};

export const notFoundMessage = (stream: string): ReadRespMessage =>
  new ReadResp().setStreamNotFound(new ReadResp.StreamNotFound().setStreamIdentifier(identifierOf(stream)));

export const empty = (): InstanceType<typeof Empty> => new Empty();
