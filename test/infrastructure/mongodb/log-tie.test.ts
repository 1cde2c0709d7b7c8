import { expect } from 'chai';
import type { EventLog } from '../../../application/kernel/ports.ts';
import type { Position } from '../../../domain/kernel/ids.ts';
import type { Mongo } from '../../../infrastructure/mongodb/connection.ts';
import { createLogTie } from '../../../infrastructure/mongodb/log-tie.ts';
import { ConfigError } from '../../../infrastructure/runtime/config-values.ts';

const at = (number: number): Position => String(number).padStart(20, '0') as Position;

/** A log whose first event has this id and whose end is there; EventStoreDB's own events stand before it. */
const logOf = (first: string, end: number): EventLog => ({
  feed: () => ({ pull: async (after: Position | undefined) => (after === undefined ? { events: [], scannedTo: at(1) } : { events: [{ id: first }], scannedTo: at(2) }) }),
  head: async () => (end === 0 ? undefined : at(end)),
}) as unknown as EventLog;

type Named = Readonly<{ _id: string }>;

/** As much of a database as documents need that are found by their id. */
const databaseInMemory = (): Mongo => {
  const kept = new Map<string, object>();
  const collection = (name: string) => ({
    findOne: async ({ _id }: Named) => kept.get(`${name} ${_id}`) ?? null,
    replaceOne: async ({ _id }: Named, document: object) => void kept.set(`${name} ${_id}`, { _id, ...document }),
  });
  return { db: { collection }, guarded: (work: () => Promise<unknown>) => work() } as unknown as Mongo;
};

const refusal = async (mongo: Mongo, log: EventLog): Promise<string | undefined> => {
  try {
    await createLogTie(mongo, log).check();
    return undefined;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message;
  }
};

describe('a database in MongoDB', () => {
  const remembered = async (): Promise<Mongo> => {
    const mongo = databaseInMemory();
    await createLogTie(mongo, logOf('a', 7)).remember();
    return mongo;
  };

  it('that is empty fits every log, and one that remembers fits its own, grown or not', async () => {
    expect(await refusal(databaseInMemory(), logOf('a', 7))).to.equal(undefined);
    for (const end of [7, 8]) expect(await refusal(await remembered(), logOf('a', end))).to.equal(undefined);
  });

  const others = [['a log that is empty', logOf('', 0), 'the log is empty'], ['another log', logOf('b', 9), 'comes from another log'], ['an earlier state of its log', logOf('a', 6), 'is ahead of the log']] as const;
  for (const [what, log, words] of others) {
    it(`stops a start on ${what}, in one line`, async () => expect(await refusal(await remembered(), log)).to.match(/^MONGO_URL leads to .+; accepted is [^\n]+$/).and.contain(words));
  }

  it('remembers nothing of a log that is empty', async () => {
    const mongo = databaseInMemory();
    await createLogTie(mongo, logOf('', 0)).remember();
    expect(await refusal(mongo, logOf('a', 7))).to.equal(undefined);
  });
});
