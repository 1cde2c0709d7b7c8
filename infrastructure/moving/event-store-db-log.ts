/** The log of EventStoreDB, as it is stored. */
import type { Cause } from '../../application/kernel/ports.ts';
import type { RawEvent, RawLog } from '../eventstoredb/raw-log.ts';
import type { StoredEvent } from '../eventstoredb/stored-event.ts';
import type { MovedEvent, MovingLog } from './moved-event.ts';

/** Events of one append, and characters of JSON in it: an append may be no larger than 1 MiB where nothing else is configured. */
const MOST = 200;
const LARGEST = 200_000;

const movedOf = ({ id, stream, revision, position, type, data, envelope: { tenant, time, cause, salt } }: StoredEvent): MovedEvent => ({
  id, stream, revision, position, type, tenant, time, salt, data: JSON.stringify(data), cause: JSON.stringify(cause),
});

const rawOf = ({ id, stream, type, data, tenant, time, cause, salt }: MovedEvent): RawEvent => ({
  id, stream, type, data: JSON.parse(data) as object, envelope: { time, tenant, cause: JSON.parse(cause) as Cause, salt },
});

/** What follows one another in one stream goes together: nothing is overtaken by it. */
export const runsOf = (events: readonly MovedEvent[]): readonly (readonly [MovedEvent, ...MovedEvent[]])[] => {
  const runs: [MovedEvent, ...MovedEvent[]][] = [];
  let size = 0;
  for (const event of events) {
    const run = runs.at(-1);
    const length = event.data.length + event.cause.length;
    const joins = run !== undefined && run[0].stream === event.stream && run.length < MOST && size + length <= LARGEST && run[0].revision + run.length === event.revision;
    if (joins) run.push(event);
    else runs.push([event]);
    size = joins ? size + length : length;
  }
  return runs;
};

export const createEventStoreDbLog = (raw: RawLog): MovingLog => ({
  read: async (after, count) => {
    const { events, upTo } = await raw.read(after, count);
    return { events: events.map(movedOf), upTo };
  },
  append: async (events) => {
    await raw.append(runsOf(events).map((run) => ({ stream: run[0].stream, expected: run[0].revision - 1, events: run.map(rawOf) })));
  },
});
