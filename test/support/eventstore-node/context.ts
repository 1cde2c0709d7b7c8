/** What the handlers of a node share. */
import type { Metadata, ServiceError } from '@grpc/grpc-js';
import type { CallKind, Faults } from './faults.ts';
import type { EventLog } from './log.ts';

/** A call as handlers see it. */
export type Call = Readonly<{ metadata: Metadata; getPeer(): string }>;

export type NodeContext = Readonly<{
  log: EventLog;
  faults: Faults;
  /** A wrong expected version of a single append is answered in the reply, or as an error. */
  wrongVersionAs: 'reply' | 'error';
  /** Subscriptions are told that they have caught up. */
  tellsCaughtUp: boolean;
  /** What is wrong with who calls, or with calling this node; undefined: nothing. */
  refusal: (call: Call, kind: CallKind) => ServiceError | undefined;
}>;

/** Thrown through a handler to say that the call is to end without an answer. */
export const SILENCE = Symbol('no answer');
