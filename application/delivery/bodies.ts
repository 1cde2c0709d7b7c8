/**
 * What is sent of an event: made when the event is taken up, and kept until it has been sent, for every endpoint that wants it. What waits for
 * longer than that, or from before a restart, is read from the log again.
 */
import type { EventPlace } from '../../domain/delivery/delivery.events.ts';
import type { StreamId } from '../../domain/kernel/ids.ts';
import type { EventStore, Recorded } from '../kernel/ports.ts';
import { createRecent } from '../kernel/recent.ts';
import type { PublicEvent, PublicEvents } from './ports.ts';
import { bodyOf, LARGEST_BODY } from './send-webhook.ts';

export interface Bodies {
  /** An event at hand, and what is said of it. */
  note(recorded: Recorded, event: PublicEvent): void;
  /** Rejects with `storage.*`, and where there is no such event or nothing is said of it. */
  of(waiting: EventPlace): Promise<string>;
}

export type BodiesDeps = Readonly<{
  events: Pick<PublicEvents, 'toPublic'>;
  store: Pick<EventStore, 'read'>;
  /** Where what is too large for a delivery is fetched. */
  linkTo: (recorded: Recorded) => Promise<string>;
}>;

/** Characters, or twice as many. */
const KEPT = 8_000_000;

/** Where an event stands in its stream: ids that callers chose are unique in a stream alone. */
const nameOf = (stream: string, revision: number): string => `${stream}@${revision}`;

const readEvent = async (store: Pick<EventStore, 'read'>, { eventStream, eventRevision }: EventPlace): Promise<Recorded> => {
  for await (const recorded of store.read(eventStream as StreamId, eventRevision)) return recorded;
  throw new Error('an event that waits for its delivery is not in the log');
};

export const createBodies = ({ events, store, linkTo }: BodiesDeps): Bodies => {
  const kept = createRecent<string, string>(KEPT, ({ length }) => length);
  const read = async (waiting: EventPlace): Promise<string> => {
    const recorded = await readEvent(store, waiting);
    const event = events.toPublic(recorded);
    if (event === undefined) throw new Error(`nothing is said outside of ${recorded.type}`);
    return bodyOf(event, () => linkTo(recorded));
  };
  return {
    note: ({ stream, revision }, event) => {
      const name = nameOf(stream, revision);
      if (kept.get(name) !== undefined) return;
      const body = JSON.stringify(event);
      if (Buffer.byteLength(body) <= LARGEST_BODY) kept.set(name, body);
    },
    of: async (waiting) => kept.get(nameOf(waiting.eventStream, waiting.eventRevision)) ?? read(waiting),
  };
};
