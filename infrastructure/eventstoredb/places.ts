/**
 * Positions of EventStoreDB as the rest of the program sees them. One has two halves: where the commit stands in the log, and where the event
 * was prepared; they differ in transactions of old logs only, and a position without both of them cannot be read from.
 */
import type { Position } from '../../domain/kernel/ids.ts';

/** Bytes from the beginning of the log. */
export type Place = Readonly<{ commit: bigint; prepare: bigint }>;

const DIGITS = 20;

const digits = (half: bigint): string => half.toString().padStart(DIGITS, '0');

/** 20 digits, or `<commit>-<prepare>` where the halves differ: comparing strings compares positions, since an event is prepared before it is committed. */
export const toPosition = ({ commit, prepare }: Place): Position => (commit === prepare ? digits(commit) : `${digits(commit)}-${digits(prepare)}`) as Position;

/** Before the first event: no place that can be read from, but where those begin who name a position all the same. */
export const isBeginning = (position: Position): boolean => position === '0'.repeat(DIGITS);

const POSITION = /^(\d{20})(?:-(\d{20}))?$/;

/** Throws a RangeError for what is no position of this store. */
export const fromPosition = (position: Position): Place => {
  const [, commit, prepare = commit] = POSITION.exec(position) ?? [];
  if (commit === undefined || prepare === undefined) throw new RangeError(`not a position of EventStoreDB: ${position}`);
  return { commit: BigInt(commit), prepare: BigInt(prepare) };
};
