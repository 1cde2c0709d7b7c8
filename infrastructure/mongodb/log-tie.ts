/**
 * What is derived from a log belongs to that log alone: the database remembers which log it has seen and up to where, and its read models and followers say
 * how far they have come. At a start after either was put back or exchanged they are compared, before anything is served from them. Nothing on a
 * server that others may use is removed here.
 */
import { SINK_FOLLOWERS } from '../../application/delivery/siem-streams.ts';
import { FOLLOWER_CHECKPOINTS } from '../../application/kernel/follower.ts';
import type { EventLog, KeyVault } from '../../application/kernel/ports.ts';
import type { StateStore } from '../../application/kernel/state.ts';
import type { Position } from '../../domain/kernel/ids.ts';
import { ConfigError } from '../runtime/config-values.ts';
import { STILL_MOVING } from '../runtime/moving-marker.ts';
import type { Mongo } from './connection.ts';
import { pointersIn } from './read-model-pointers.ts';

export interface LogTie {
  /**
   * Whether the database has seen this log. Rejects with a `ConfigError` in one line when it was filled from another log, or from more of it than
   * there is.
   */
  check(): Promise<boolean>;
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

/** An event of the log. */
type Stands = Readonly<{ position: Position; id: string }>;
/** The log as it stood: its first event, its end, and the last event near that. Earlier releases did not note the last one. */
type LogPlace = Readonly<{ first: string; position: Position; last?: Stands }>;
type Seen = Readonly<{ _id: string } & LogPlace>;
/** What has come furthest, in words, and where it stands. */
type Reached = Readonly<{ what: string; position: Position }>;

const ID = 'log';
/** Says that a log is being moved into this database's installation, so that nothing is served from half of one. */
const MOVING = 'moving';
/** How far back an event is looked for that is none of the engine's own. */
const STEPS_BACK = 8;
/** Events that are looked through at once for the first of ours. */
const PAGE = 500;

const seenIn = ({ db }: Pick<Mongo, 'db'>) => db.collection<Seen>('log_seen');

export const createMovingTie = (mongo: Mongo): MovingTie => {
  const [seen, { guarded }] = [seenIn(mongo), mongo];
  const has = (id: string): Promise<boolean> => guarded(async () => (await seen.findOne({ _id: id })) !== null);
  return {
    isKnown: () => has(ID),
    isMoving: () => has(MOVING),
    setMoving: (moving) => guarded(async () => {
      if (moving) await seen.replaceOne({ _id: MOVING }, { first: '', position: '' as Position }, { upsert: true });
      else await seen.deleteOne({ _id: MOVING });
    }),
  };
};

/** What is there, without waiting for more. */
const AT_ONCE = AbortSignal.abort();

/** Undefined where the log holds no event of ours. */
const idAt = async (log: EventLog, position: Position): Promise<string | undefined> => {
  const before = await log.before(position);
  if (before === undefined) return undefined;
  const { events: [event] } = await log.feed().pull(before.at, 1, AT_ONCE);
  return event?.position === position ? event.id : undefined;
};

const lastBefore = async (log: EventLog, end: Position): Promise<Stands | undefined> => {
  let position: Position | undefined = end;
  for (let step = 0; position !== undefined && step < STEPS_BACK; step += 1) {
    const id = await idAt(log, position);
    if (id !== undefined) return { position, id };
    position = (await log.before(position))?.at;
  }
  return undefined;
};

/** Undefined of a log without events. */
const firstIn = async (log: EventLog, end: Position): Promise<string | undefined> => {
  const feed = log.feed();
  let [first, after]: [string | undefined, Position | undefined] = [undefined, undefined];
  // Pages may hold nothing but what the engine keeps for itself, or others in the same one.
  while (first === undefined && (after ?? '') < end) {
    const { events, scannedTo } = await feed.pull(after, PAGE, AT_ONCE);
    if (scannedTo === after) return undefined;
    [first, after] = [events[0]?.id, scannedTo];
  }
  return first;
};

const placeOf = async (log: EventLog): Promise<LogPlace | undefined> => {
  const position = await log.head();
  const first = position && (await firstIn(log, position));
  if (position === undefined || first === undefined) return undefined;
  const last = await lastBefore(log, position);
  return { first, position, ...(last && { last }) };
};

/**
 * Which read model or follower has come furthest. SIEM sinks and webhooks are not asked: after a move they may begin at a place of another engine, which is
 * theirs to bear; where the log was put back, others than they are ahead of it, too.
 */
const furthest = async ({ mongo, state }: Pick<LogTieDeps, 'mongo' | 'state'>): Promise<Reached | undefined> => {
  const models = await mongo.guarded(() => pointersIn(mongo.db).find({}).toArray());
  const reached = models.map(({ _id, checkpoint }): Reached => ({ what: `the read model ${_id}`, position: checkpoint as Position }));
  for await (const { key, value } of state.list(FOLLOWER_CHECKPOINTS)) if (!key.startsWith(SINK_FOLLOWERS)) reached.push({ what: `the follower ${key}`, position: value as Position });
  return reached.filter(({ position }) => position !== '').reduce<Reached | undefined>((most, one) => (most === undefined || one.position > most.position ? one : most), undefined);
};

const IN_WORDS = {
  withLog: 'the database that belongs to this log, or the name of one that is empty: it is filled again from the log',
  withKeys: 'the database that belongs to this log and holds its keys, or a backup of it that was made before that of the log',
} as const;

export type LogTieDeps = Readonly<{
  mongo: Mongo;
  log: EventLog;
  state: Pick<StateStore, 'list'>;
  /** The keys, where they are in the database as well. */
  vault?: Pick<KeyVault, 'list'> | undefined;
}>;

type Compared = Readonly<{ known: LogPlace | undefined; reached: Reached | undefined; now: LogPlace } & Pick<LogTieDeps, 'log' | 'vault'>>;

/** Each says in words what does not fit, or nothing. */
const CHECKS: readonly ((compared: Compared) => string | undefined | Promise<string | undefined>)[] = [
  ({ known, now }) => (known === undefined || known.first === now.first ? undefined : 'comes from another log'),
  ({ known, now }) => (known === undefined || known.position <= now.position ? undefined : `is ahead of the log: that stood at ${known.position} once, and ends at ${now.position}`),
  ({ reached, now }) => (reached === undefined || reached.position <= now.position ? undefined : `is ahead of the log: ${reached.what} stands at ${reached.position}, the log ends at ${now.position}`),
  async ({ known: { last } = {}, log }) => (last === undefined || (await idAt(log, last.position)) === last.id ? undefined : `has seen another event at ${last.position} than the log holds there`),
  // Keys are stored before the first event.
  async ({ vault }) => (vault === undefined || (await vault.list('installation')).length > 0 ? undefined : 'holds no keys, and the log has events that need theirs'),
];

/** What does not fit, in words; undefined: it all does. */
const misfit = async (deps: LogTieDeps, known: LogPlace | undefined, reached: Reached | undefined): Promise<string | undefined> => {
  // Read after what it is compared with: other processes may be at work.
  const now = await placeOf(deps.log);
  if (now === undefined) return known === undefined && reached === undefined ? undefined : 'comes from a log with events, and the log is empty';
  for (const check of CHECKS) {
    const wrong = await check({ ...deps, known, reached, now });
    if (wrong !== undefined) return wrong;
  }
  return undefined;
};

export const createLogTie = (deps: LogTieDeps): LogTie => {
  const { mongo, log, vault } = deps;
  const [seen, { guarded }] = [seenIn(mongo), mongo];
  return {
    check: async () => {
      if (await createMovingTie(mongo).isMoving()) throw new ConfigError(`MONGO_URL leads to a database that ${STILL_MOVING}`);
      const known = await guarded(() => seen.findOne({ _id: ID }));
      const reached = await furthest(deps);
      const wrong = await misfit(deps, known ?? undefined, reached);
      const accepted = IN_WORDS[vault === undefined ? 'withLog' : 'withKeys'];
      if (wrong !== undefined) throw new ConfigError(`MONGO_URL leads to a database that ${wrong}; accepted is ${accepted}`);
      return known !== null || reached !== undefined;
    },
    remember: async () => {
      const now = await placeOf(log);
      if (now !== undefined) await guarded(() => seen.replaceOne({ _id: ID }, now, { upsert: true }));
    },
  };
};
