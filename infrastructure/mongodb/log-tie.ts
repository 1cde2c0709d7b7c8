/**
 * What is derived from a log belongs to that log alone: the database remembers which log it has seen, and up to where. At a start after either was
 * put back or exchanged they are compared, before anything is served from them. Nothing on a server that others may use is removed here.
 */
import type { EventLog } from '../../application/kernel/ports.ts';
import type { Position } from '../../domain/kernel/ids.ts';
import { ConfigError } from '../runtime/config-values.ts';
import { STILL_MOVING } from '../runtime/moving-marker.ts';
import type { Mongo } from './connection.ts';

export interface LogTie {
  /** Rejects with a `ConfigError` in one line when the database was filled from another log, or from more of it than there is. */
  check(): Promise<void>;
  /** Notes which log this is, and where it stands; does nothing while it is empty. */
  remember(): Promise<void>;
}

/** What a move of a log into this database says and asks of it. */
export interface MovingTie {
  /** Whether the database has been used with a log. */
  isKnown(): Promise<boolean>;
  isMoving(): Promise<boolean>;
  setMoving(moving: boolean): Promise<void>;
}

type Seen = Readonly<{ _id: string; first: string; position: string }>;

const ID = 'log';
/** Says that a log is being moved into this database's installation, so that nothing is served from half of one. */
const MOVING = 'moving';
const ACCEPTED = 'the database that belongs to this log, or the name of one that is empty: it is filled again from the log';

const seenIn = ({ db }: Pick<Mongo, 'db'>) => db.collection<Seen>('log_seen');

export const createMovingTie = (mongo: Mongo): MovingTie => {
  const [seen, { guarded }] = [seenIn(mongo), mongo];
  const has = (id: string): Promise<boolean> => guarded(async () => (await seen.findOne({ _id: id })) !== null);
  return {
    isKnown: () => has(ID),
    isMoving: () => has(MOVING),
    setMoving: (moving) => guarded(async () => {
      if (moving) await seen.replaceOne({ _id: MOVING }, { first: '', position: '' }, { upsert: true });
      else await seen.deleteOne({ _id: MOVING });
    }),
  };
};

export const createLogTie = (mongo: Mongo, log: EventLog): LogTie => {
  const [seen, { guarded }] = [seenIn(mongo), mongo];

  /** Of a log that has events. */
  const place = async (): Promise<Omit<Seen, '_id'> | undefined> => {
    const position = await log.head();
    if (position === undefined) return undefined;
    const feed = log.feed();
    let [first, after]: [string | undefined, Position | undefined] = [undefined, undefined];
    // A page may hold nothing but what the engine keeps for itself.
    while (first === undefined && (after ?? '') < position) {
      const { events, scannedTo } = await feed.pull(after, 1, new AbortController().signal);
      [first, after] = [events[0]?.id, scannedTo];
    }
    return first === undefined ? undefined : { first, position };
  };

  return {
    check: async () => {
      if (await createMovingTie(mongo).isMoving()) throw new ConfigError(`MONGO_URL leads to a database that ${STILL_MOVING}`);
      const known = await guarded(() => seen.findOne({ _id: ID }));
      if (known === null) return;
      const now = await place();
      if (now === undefined) throw new ConfigError(`MONGO_URL leads to a database that comes from a log with events, and the log is empty; accepted is ${ACCEPTED}`);
      if (now.first !== known.first) throw new ConfigError(`MONGO_URL leads to a database that comes from another log; accepted is ${ACCEPTED}`);
      if (now.position < known.position) throw new ConfigError(`MONGO_URL leads to a database that is ahead of the log; accepted is ${ACCEPTED}`);
    },
    remember: async () => {
      const now = await place();
      if (now !== undefined) await guarded(() => seen.replaceOne({ _id: ID }, now, { upsert: true }));
    },
  };
};
