/**
 * The rows of the public vocabulary: one for each stored type, which says what the world is told of it, or why it stays inside.
 *
 * A public type is a contract of its own. It changes by addition; what would break a receiver is a new type whose name ends in `.v2`.
 */
import type { Static, TSchema } from 'typebox';
import type { DeepReadonly } from '../../application/kernel/event-catalogue.ts';
import type { Envelope } from '../../application/kernel/ports.ts';
import type { Message } from '../../domain/kernel/decider.ts';

/** What is told: never an address, a secret or a sealed box; people by their user ids. */
export type PublicRow<Data = never> = Readonly<{
  /** `chancery.<context>.<thing>.<past participle>`, of `[a-z0-9_.]`. */
  type: string;
  /** What happened, in a sentence. */
  summary: string;
  /** JSON Schema of `data`. */
  schema: TSchema;
  /** False: to be read in the log and sent to SIEM, and never to webhooks, which would tell of their own deliveries without end. */
  webhooks?: boolean;
  /** CloudEvents' `subject`: the id of the thing. */
  subject: (data: Data, envelope: Envelope) => string;
  data: (data: Data, envelope: Envelope) => object;
}>;

export type InsideRow = Readonly<{ inside: string }>;

/** One row for each event of a context: the compiler names the one that was forgotten. */
export type PublicRows<Event extends Message> = {
  readonly [Type in Event['type']]: PublicRow<Extract<Event, { type: Type }>['data']> | InsideRow;
};

/** A row whose `data` fits its schema, by the compiler's word. */
export const told = <Data, Schema extends TSchema>(
  // What the row is of follows from where it stands, never from a helper that takes less.
  row: Omit<PublicRow<NoInfer<Data>>, 'data' | 'schema'> &
    Readonly<{ schema: Schema; data: (data: NoInfer<Data>, envelope: Envelope) => DeepReadonly<Static<Schema>> }>,
): PublicRow<Data> => row;

/** A type that nobody outside is told of, and why. */
export const inside = (reason: string): InsideRow => ({ inside: reason });
