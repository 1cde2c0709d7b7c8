import { expect } from 'chai';
import type { EventLog, KeyVault } from '../../../application/kernel/ports.ts';
import type { StateStore } from '../../../application/kernel/state.ts';
import type { Position } from '../../../domain/kernel/ids.ts';
import type { Mongo } from '../../../infrastructure/mongodb/connection.ts';
import { createLogTie, type LogTieDeps } from '../../../infrastructure/mongodb/log-tie.ts';
import { ConfigError } from '../../../infrastructure/runtime/config-values.ts';

const at = (number: number): Position => String(number).padStart(20, '0') as Position;

/** What a log holds, by place: an event's id, or what its engine keeps for itself; nothing stands at other places. EventStoreDB's own events come first. */
const OWN = '';
const logOf = (...held: readonly (readonly [number, string])[]): EventLog => {
  const all = [[1, OWN] as const, ...held].map(([number, id]) => ({ position: at(number), id }));
  const pull = async (after: Position | undefined) => {
    const next = all.find(({ position }) => position > (after ?? ''));
    return { events: next === undefined || next.id === OWN ? [] : [next], scannedTo: next?.position ?? after };
  };
  return {
    feed: () => ({ pull }),
    head: async () => all.at(-1)?.position,
    before: async (position: Position) => {
      const index = all.findIndex((one) => one.position === position);
      return index < 0 ? undefined : { at: all[index - 1]?.position };
    },
  } as unknown as EventLog;
};

type Named = Readonly<{ _id: string }>;
type Database = Readonly<{ mongo: Mongo; models: Map<string, number>; followers: Map<string, string>; keys: string[] }>;

/** As much of a database as its tie to a log needs. */
const databaseInMemory = (): Database => {
  const [kept, models] = [new Map<string, object>(), new Map<string, number>()];
  const collection = (name: string) => ({
    findOne: async ({ _id }: Named) => kept.get(`${name} ${_id}`) ?? null,
    replaceOne: async ({ _id }: Named, document: object) => void kept.set(`${name} ${_id}`, { _id, ...document }),
    find: () => ({ toArray: async () => [...models].map(([_id, checkpoint]) => ({ _id, checkpoint: checkpoint === 0 ? '' : at(checkpoint) })) }),
  });
  const mongo = { db: { collection }, guarded: (work: () => Promise<unknown>) => work() } as unknown as Mongo;
  return { mongo, models, followers: new Map(), keys: ['a key'] };
};

const tied = ({ mongo, followers, keys }: Database, log: EventLog): LogTieDeps => {
  const list: StateStore['list'] = async function* list(scope) {
    if (scope === 'checkpoint:follower') yield* [...followers].map(([key, value]) => ({ key, value }));
  };
  return { mongo, log, state: { list }, vault: { list: async () => keys } as unknown as KeyVault };
};

const refusal = async (database: Database, log: EventLog): Promise<string | undefined> => {
  try {
    await createLogTie(tied(database, log)).check();
    return undefined;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message;
  }
};

describe('a database in MongoDB', () => {
  const known = logOf([3, 'a'], [7, 'b']);
  const remembered = async (log = known): Promise<Database> => {
    const database = databaseInMemory();
    await createLogTie(tied(database, log)).remember();
    return database;
  };

  it('that is empty fits every log, and one that remembers fits its own, grown or not', async () => {
    expect(await refusal(databaseInMemory(), known)).to.equal(undefined);
    expect(await refusal(databaseInMemory(), logOf())).to.equal(undefined);
    for (const log of [known, logOf([3, 'a'], [7, 'b'], [9, 'c'])]) expect(await refusal(await remembered(), log)).to.equal(undefined);
  });

  const others = [
    ['a log that is empty', logOf(), 'the log is empty'],
    ['another log', logOf([3, 'z'], [7, 'b']), 'comes from another log'],
    ['an earlier state of its log', logOf([3, 'a'], [6, 'c']), 'is ahead of the log'],
    ['a log that went another way after the same beginning', logOf([3, 'a'], [7, 'c'], [8, 'd']), 'has seen another event at 00000000000000000007'],
    ['one whose events stand elsewhere since', logOf([3, 'a'], [6, 'c'], [8, 'd']), 'has seen another event at 00000000000000000007'],
  ] as const;
  for (const [what, log, words] of others) {
    it(`stops a start on ${what}, in one line`, async () => expect(await refusal(await remembered(), log)).to.match(/^MONGO_URL leads to .+; accepted is [^\n]+$/).and.contain(words));
  }

  it('knows its log by an event of the log, whatever the engine writes for itself behind it, and may forget', async () => {
    const database = await remembered(logOf([3, 'a'], [7, 'b'], [8, OWN], [9, OWN]));
    expect(await refusal(database, logOf([3, 'a'], [7, 'b'], [10, OWN]))).to.equal(undefined);
    expect(await refusal(database, logOf([3, 'a'], [7, 'x'], [10, OWN]))).to.contain('another event at 00000000000000000007');
  });

  it('stops a start whose log was put back to a moment after the last start, once anything has come further than that', async () => {
    const database = await remembered();
    const [before, after] = [logOf([3, 'a'], [7, 'b'], [20, 'c']), logOf([3, 'a'], [7, 'b'], [9, 'x'])];
    database.models.set('empty v1', 0).set('tenants v2', 20);
    expect(await refusal(database, before)).to.equal(undefined);
    expect(await refusal(database, after)).to.contain(`the read model tenants v2 stands at ${at(20)}, the log ends at ${at(9)}`);
    database.models.clear();
    database.followers.set('webhooks', at(12));
    expect(await refusal(database, after)).to.contain(`the follower webhooks stands at ${at(12)}, the log ends at ${at(9)}`).and.match(/^[^\n]+$/);
    database.followers.set('webhooks', at(9));
    expect(await refusal(database, after)).to.equal(undefined);
  });

  it('stops a start on an empty log by what has read one, though it remembers none', async () => {
    const database = databaseInMemory();
    database.models.set('tenants v2', 20);
    expect(await refusal(database, logOf())).to.contain('the log is empty');
  });

  it('does not stop one because of a SIEM sink whose place is that of another engine', async () => {
    const database = await remembered();
    database.followers.set('siem:tenant/sink', at(99));
    expect(await refusal(database, known)).to.equal(undefined);
  });

  it('without the keys of a log that has events stops a start, before other keys are made', async () => {
    const database = databaseInMemory();
    database.keys.length = 0;
    expect(await refusal(database, known)).to.contain('holds no keys');
    expect(await refusal(database, logOf())).to.equal(undefined);
  });

  it('remembers nothing of a log that is empty', async () => {
    const database = await remembered(logOf());
    expect(await refusal(database, known)).to.equal(undefined);
  });
});
