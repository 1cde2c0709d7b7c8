/** Whether events are in a stream already, found by their ids: what settles an append whose outcome is not known. */
import type { Appended } from '../../application/kernel/ports.ts';
import type { StreamId } from '../../domain/kernel/ids.ts';
import { reject } from '../../domain/kernel/rejection.ts';
import type { Connection } from './connection.ts';
import { readStream, readStreamBackwards } from './pages.ts';
import { toPosition } from './places.ts';
import type { Resolved } from './stored-event.ts';

const PAGE = 256;

const appendedAt = ({ event }: Resolved): Appended => {
  if (event?.position === undefined) throw new RangeError('an event without a position');
  return { revision: Number(event.revision), position: toPosition(event.position) };
};

export type Sought = Readonly<{ stream: StreamId; expected: number; ids: readonly string[] }>;

/** Where events are that were to follow a revision: an append that was stored stands there and nowhere else. Undefined: they are not. */
export const landedBehind = async (connection: Connection, { stream, expected, ids }: Sought, patience: number): Promise<Appended | undefined> => {
  const asked = { from: expected + 1, count: ids.length };
  const found = await connection.persist((held, milliseconds) => readStream(held, stream, asked, milliseconds), patience);
  const last = found.at(-1);
  const isSame = found.length === ids.length && found.every(({ event }, index) => event?.id === ids[index]);
  return isSame && last !== undefined ? appendedAt(last) : undefined;
};

const isOneOf = (ids: ReadonlySet<string>, { event }: Resolved): boolean => event !== undefined && ids.has(event.id);

const revisionOf = ({ event }: Resolved): number => Number(event?.revision);

/** The events of these ids in a stream behind a revision, in the order of the stream. */
const search = async (connection: Connection, stream: StreamId, behind: number, ids: ReadonlySet<string>): Promise<readonly Resolved[]> => {
  const found: Resolved[] = [];
  for (let from: number | undefined; from === undefined || from > behind; ) {
    const asked = { from, count: PAGE };
    const page = await connection.persist((held, milliseconds) => readStreamBackwards(held, stream, asked, milliseconds));
    found.push(...page.filter((event) => revisionOf(event) > behind && isOneOf(ids, event)));
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE || found.length >= ids.size) break;
    from = revisionOf(last) - 1;
  }
  return found.toReversed();
};

/**
 * Where events of the caller's choice of ids are, anywhere in a stream behind a revision; undefined: none of them is there. Rejects with
 * `kernel.event_id_conflict` when only some are, or not in this order. Reads that part of the stream, newest first.
 */
export const landedAnywhere = async (connection: Connection, stream: StreamId, behind: number, ids: readonly string[]): Promise<Appended | undefined> => {
  const found = await search(connection, stream, behind, new Set(ids));
  const [first, last] = [found[0], found.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const isSame = found.length === ids.length && found.every((event, index) => event.event?.id === ids[index] && revisionOf(event) === revisionOf(first) + index);
  return isSame ? appendedAt(last) : reject('kernel.event_id_conflict');
};
