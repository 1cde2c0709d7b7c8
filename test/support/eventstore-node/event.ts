/** One event of the log, and how the journal keeps it. */

/** What an append may hold together: as a node is configured by default. */
export const MAX_APPEND_BYTES = 1_048_576;

/** What an event takes up of that. */
export const sizeOf = ({ type, data, metadata }: ProposedEvent): number => type.length * 2 + data.length + metadata.length;

/** Both halves of a position: byte offsets in the journal. */
export type LogPosition = Readonly<{ commit: number; prepare: number }>;

export type ProposedEvent = Readonly<{ id: string; type: string; contentType: string; data: Uint8Array; metadata: Uint8Array }>;

export type LogEvent = ProposedEvent & LogPosition & Readonly<{
  stream: string;
  revision: number;
  /** 100 ns since 1970, in digits. */
  created: string;
}>;

/** What of an event the journal writes down in JSON. `part`: the last event of an append ends it; one of a transaction waits for its commit. */
type Head = Readonly<{ stream: string; revision: number; id: string; type: string; contentType: string; created: string; dataBytes: number; part: 'more' | 'last' | 'transaction' }>;

export type Journalled = Readonly<{ head: Head; data: Uint8Array; metadata: Uint8Array }> | 'commit';

const HEAD_LENGTH_BYTES = 4;

export const COMMIT_PAYLOAD = Buffer.from('c');

export const toPayload = (head: Head, { data, metadata }: ProposedEvent): Buffer => {
  const text = Buffer.from(JSON.stringify(head));
  const length = Buffer.alloc(HEAD_LENGTH_BYTES);
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, text, data, metadata]);
};

export const fromPayload = (payload: Buffer): Journalled => {
  if (payload.length === COMMIT_PAYLOAD.length) return 'commit';
  const headEnd = HEAD_LENGTH_BYTES + payload.readUInt32BE(0);
  const head = JSON.parse(payload.subarray(HEAD_LENGTH_BYTES, headEnd).toString()) as Head;
  const dataEnd = headEnd + head.dataBytes;
  return { head, data: new Uint8Array(payload.subarray(headEnd, dataEnd)), metadata: new Uint8Array(payload.subarray(dataEnd)) };
};

/** Below zero: `left` comes first. */
export const comparePositions = (left: LogPosition, right: LogPosition): number => left.commit - right.commit || left.prepare - right.prepare;

export const isSystem = (name: string): boolean => name.startsWith('$');
