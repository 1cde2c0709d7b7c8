/** Events on their way from one engine to another: as they are stored, everything that the codec and the Merkle log need. */
import type { Position, StreamId } from '../../domain/kernel/ids.ts';

export type MovedEvent = Readonly<{
  id: string;
  stream: StreamId;
  revision: number;
  /** In the engine that it was read from: the one thing that is not the same in the other. */
  position: Position;
  /** `<context>.<Type>.v<n>` */
  type: string;
  /** JSON, byte for byte. */
  data: string;
  tenant: string;
  /** Milliseconds since 1970 UTC. */
  time: number;
  /** JSON. */
  cause: string;
  /** 16 bytes, in base64. */
  salt: string;
}>;

/** Up to where a page goes: undefined at the end of the log. It may hold nothing of ours and still not be the end. */
export type MovedPage = Readonly<{ events: readonly MovedEvent[]; upTo: Position | undefined }>;

/** The log of one side. */
export interface MovingLog {
  /** At most `count` events behind a position. */
  read(after: Position | undefined, count: number): Promise<MovedPage>;
  /**
   * Behind what is there, in this order, each at its revision. Rejects with `kernel.wrong_revision` where a stream does not end where it should; what came
   * before in the same call may be stored then. What it resolved is durable.
   */
  append(events: readonly MovedEvent[]): Promise<void>;
}

/** What of an event must be the same on both sides, as one line: what is hashed. */
export const lineOf = ({ id, stream, revision, type, data, tenant, time, cause, salt }: MovedEvent): string =>
  `${JSON.stringify([id, stream, revision, type, data, tenant, time, cause, salt])}\n`;
