/** Points of the log at which deliveries begin, as callers name them. */
import type { Position } from '../../domain/kernel/ids.ts';
import { rejectFields } from '../../domain/kernel/rejection.ts';
import type { Clock, EventLog } from '../kernel/ports.ts';
import { BEFORE_THE_FIRST, positionOf } from '../kernel/positions.ts';

/** A position that deliveries begin after, or a time; neither: now. `time`: UTC, ISO 8601 with milliseconds. */
export type Start = Readonly<{ position?: string | undefined; time?: string | undefined }>;

/** `fromPosition`: events after it. Times are UTC, ISO 8601 with milliseconds. `types`: public event types; without, the endpoint's. */
export type Range = Readonly<{ fromPosition?: string | undefined; since?: string | undefined; until?: string | undefined; types?: readonly string[] | undefined }>;

type Deps = Readonly<{ log: Pick<EventLog, 'head' | 'before'>; clock: Clock }>;

/** One that is no place of the log could be asked for for ever: the log of another engine may have given it. */
const NO_PLACE = 'is no position of this log';

export const createStarts = ({ log, clock }: Deps) => {
  const position = async (field: string, text: string): Promise<Position> => {
    const at = positionOf(text) ?? rejectFields({ [field]: 'is not a position' });
    const head = await log.head();
    if (head === undefined || at > head) return rejectFields({ [field]: 'is beyond the head of the log' });
    return at === BEFORE_THE_FIRST || (await log.before(at)) !== undefined ? at : rejectFields({ [field]: NO_PLACE });
  };
  const past = (field: string, time: string): string =>
    time <= new Date(clock.now()).toISOString() ? time : rejectFields({ [field]: 'is in the future' });

  return {
    /** Rejects with `request.invalid` {fields}, which are named `start.…`. */
    start: async (wanted: Start): Promise<Readonly<{ startAfter: string | null; startTime: string | null }>> => {
      if (wanted.position !== undefined && wanted.time !== undefined) rejectFields({ 'start.time': 'means nothing beside a position' });
      const startAfter = wanted.position === undefined ? null : await position('start.position', wanted.position);
      return { startAfter, startTime: wanted.time === undefined ? null : past('start.time', wanted.time) };
    },
    /** Rejects likewise; one of both beginnings must be there. */
    range: async ({ fromPosition, since, until }: Range): Promise<Readonly<{ after: string | null; since: string | null; until: string | null }>> => {
      if ((fromPosition === undefined) === (since === undefined)) rejectFields({ since: 'either this or from_position must be given' });
      if (until !== undefined && since !== undefined && until < since) rejectFields({ until: 'is before since' });
      return {
        after: fromPosition === undefined ? null : await position('from_position', fromPosition),
        since: since === undefined ? null : past('since', since),
        until: until === undefined ? null : past('until', until),
      };
    },
  };
};
