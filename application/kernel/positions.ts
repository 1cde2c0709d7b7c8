/**
 * The form of positions outside: 20 digits, or `<20 digits>-<20 digits>` where an engine's positions have two halves (EventStoreDB, for transactions of
 * old logs). Comparing strings compares positions in both.
 */
import type { Position } from '../../domain/kernel/ids.ts';

const DIGITS = 20;

/** As they are stored. A source for regular expressions and JSON Schema. */
export const POSITION = '^\\d{20}(?:-\\d{20})?$';
/** As callers may give them: leading zeros may be left out. */
export const GIVEN_POSITION = '^(?:\\d{1,20}|\\d{20}-\\d{20})$';
/** What a wrong one should be. */
export const POSITION_WORDS = 'a position: up to 20 digits, or 20 digits, a dash and 20 digits';

const GIVEN = new RegExp(GIVEN_POSITION, 'u');
const STORED = new RegExp(POSITION, 'u');

export const isPosition = (text: string): boolean => STORED.test(text);

/** Before every event, in every engine. */
export const BEFORE_THE_FIRST = '0'.repeat(DIGITS) as Position;

/** In full length; undefined for what is malformed. */
export const positionOf = (given: string): Position | undefined => (GIVEN.test(given) ? (given.padStart(DIGITS, '0') as Position) : undefined);
