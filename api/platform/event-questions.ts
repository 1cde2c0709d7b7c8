/** What may be asked of the log: places in it, and types, each refused by the name of its field. */
import { TEST_TYPE } from '../../application/delivery/redeliver.ts';
import type { Position } from '../../domain/kernel/ids.ts';
import { rejectFields } from '../../domain/kernel/rejection.ts';
import { publicType } from '../../projections/fanout/integration-events.ts';

const DIGITS = 20;
const FORM = /^\d{1,20}$/;

/** A place in the log as somebody gave it; `0` is before the first event. Rejects what is malformed or lies beyond `head`, by `field`. */
export const placeOf = (field: string, given: string, head: Position | undefined): Position | undefined => {
  if (!FORM.test(given)) return rejectFields({ [field]: 'must be a position: up to 20 digits' });
  const place = given.padStart(DIGITS, '0') as Position;
  if (Number(place) === 0) return undefined;
  return head !== undefined && place <= head ? place : rejectFields({ [field]: 'is beyond the end of the log' });
};

const unknown = (type: string): string =>
  type === TEST_TYPE ? 'names the type of tests, which are no events of the log' : 'names a type that there is not; GET /platform/v1/event-schemas lists all';

/** Stored types (names in code) of public ones; undefined for undefined. Rejects what is no public type, by `field`. */
export const storedTypesOf = (field: string, types: readonly string[] | undefined): readonly string[] | undefined =>
  types?.map((type) => publicType(type)?.stored ?? rejectFields({ [field]: unknown(type) }));
