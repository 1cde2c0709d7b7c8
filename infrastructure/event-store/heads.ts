/**
 * The revisions of streams' last events. Those of this process's own appends are kept in memory: nobody else can write, since a second
 * process is locked out.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { EventStore } from '../../application/kernel/ports.ts';
import { createRecent } from '../../application/kernel/recent.ts';
import type { StreamId } from '../../domain/kernel/ids.ts';
import { reading } from '../runtime/sqlite-reading.ts';

export interface Heads {
  head: EventStore['head'];
  reached(stream: StreamId, revision: number): void;
}

const KEPT = 50_000;

export const createHeads = (db: DatabaseSync): Heads => {
  const stored = db.prepare('SELECT max(revision) AS head FROM events WHERE stream = (SELECT key FROM streams WHERE name = ?)');
  const heads = createRecent<StreamId, number>(KEPT);
  const reached = (stream: StreamId, revision: number): void => {
    // A look-up may see a commit whose answer is still on its way, and an older answer then arrives after it.
    if ((heads.get(stream) ?? -1) < revision) heads.set(stream, revision);
  };
  const lookUp = async (stream: StreamId): Promise<number> => {
    const found = reading(() => stored.get(stream))?.['head'];
    const head = typeof found === 'number' ? found : -1;
    // Also that there is none: a new stream is asked for several times before it begins.
    heads.set(stream, head);
    return head;
  };
  return { head: (stream) => heads.get(stream) ?? lookUp(stream), reached };
};
