/** What may be asked of the log: places in it, and types, each refused by the name of its field. */
import { TEST_TYPE } from '../../application/delivery/redeliver.ts';
import type { EventLog } from '../../application/kernel/ports.ts';
import { BEFORE_THE_FIRST, POSITION_WORDS, positionOf } from '../../application/kernel/positions.ts';
import type { Position } from '../../domain/kernel/ids.ts';
import { rejectFields } from '../../domain/kernel/rejection.ts';
import { publicType } from '../../projections/fanout/integration-events.ts';

/** A place in the log as somebody gave it; `0` is before the first event. Rejects what is malformed, no place of this log or beyond its end, by `field`. */
export const placeOf = async (log: Pick<EventLog, 'head' | 'before'>, field: string, given: string): Promise<Position | undefined> => {
  const place = positionOf(given) ?? rejectFields({ [field]: `must be ${POSITION_WORDS}` });
  if (place === BEFORE_THE_FIRST) return undefined;
  const head = await log.head();
  if (head === undefined || place > head) return rejectFields({ [field]: 'is beyond the end of the log' });
  return (await log.before(place)) === undefined ? rejectFields({ [field]: 'is no position of this log' }) : place;
};

const unknown = (type: string): string =>
  type === TEST_TYPE ? 'names the type of tests, which are no events of the log' : 'names a type that there is not; GET /platform/v1/event-schemas lists all';

/** Stored types (names in code) of public ones; undefined for undefined. Rejects what is no public type, by `field`. */
export const storedTypesOf = (field: string, types: readonly string[] | undefined): readonly string[] | undefined =>
  types?.map((type) => publicType(type)?.stored ?? rejectFields({ [field]: unknown(type) }));
