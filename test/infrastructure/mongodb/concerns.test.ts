/** What every command of what is kept in MongoDB asks of a replica set: a server that writes down what it is told. FerretDB, on which the contracts run, would not mind. */
import { expect } from 'chai';
import type { Server } from 'node:net';
import { Binary } from 'mongodb';
import { openMongo, type Mongo } from '../../../infrastructure/mongodb/connection.ts';
import { openMongoVault } from '../../../infrastructure/mongodb/key-vault.ts';
import { createLogTie, createMovingTie } from '../../../infrastructure/mongodb/log-tie.ts';
import { openMongoReadModels } from '../../../infrastructure/mongodb/read-model-store.ts';
import { openMongoState } from '../../../infrastructure/mongodb/state-store.ts';
import type { EventLog, KeyRecord } from '../../../application/kernel/ports.ts';
import type { Position, TenantId } from '../../../domain/kernel/ids.ts';
import { collect } from '../../support/collect.ts';
import { serve, serverOf, type Answers } from '../../support/scripted-mongo.ts';
import { silentLogger } from '../../support/silent.ts';

type Command = Readonly<Record<string, any>>; // oxlint-disable-line typescript/no-explicit-any -- as it came

/** What asks for nothing that lasts, and what goes on with a question that was asked before. */
const NEITHER = new Set(['listCollections', 'listIndexes', 'getMore', 'endSessions', 'killCursors', 'ping', 'buildInfo']);
const READS = new Set(['find', 'aggregate', 'count', 'distinct']);
const WRITES = new Set(['insert', 'update', 'delete', 'findAndModify', 'createIndexes', 'drop', 'dropIndexes', 'create', 'dropDatabase']);

const PERMITTED = { level: 'majority' };
const STORED = { w: 'majority', j: true };

const isOfPrimary = ({ readConcern, $readPreference }: Command): boolean => JSON.stringify(readConcern) === JSON.stringify(PERMITTED) && ($readPreference?.mode ?? 'primary') === 'primary';

const isStored = ({ writeConcern }: Command): boolean => JSON.stringify({ w: writeConcern?.w, j: writeConcern?.j }) === JSON.stringify(STORED);

/** What a command asks for that asks for less than it should, or that nobody has thought of. */
const astray = (command: Command): string | undefined => {
  const [name = ''] = Object.keys(command);
  if (NEITHER.has(name) || (READS.has(name) && isOfPrimary(command)) || (WRITES.has(name) && isStored(command))) return undefined;
  const { readConcern, writeConcern, $readPreference } = command;
  return JSON.stringify({ name, of: command[name], readConcern, writeConcern, $readPreference });
};

/** Keeps what is inserted, gives it for every question about its collection, and says of every change that one was made. */
const createServer = async () => {
  const told: Command[] = [];
  const kept = new Map<string, Command[]>();
  let address = '';
  const answers = new Map<string, (command: Command) => object>([
    // Of several, the documents come beside the command.
    ['insert', ({ insert, documents = [] }) => {
      kept.set(insert, [...(kept.get(insert) ?? []), ...documents]);
      return { n: documents.length };
    }],
    ['find', ({ find }) => ({ cursor: { id: 0n, ns: `chancery.${find}`, firstBatch: kept.get(find) ?? [] } })],
    ['aggregate', ({ aggregate }) => ({ cursor: { id: 0n, ns: `chancery.${aggregate}`, firstBatch: [{ n: 1, count: 1 }] } })],
    ['listCollections', () => ({ cursor: { id: 0n, ns: 'chancery.$cmd.listCollections', firstBatch: [{ name: 'read_model.old.v1.00000000', type: 'collection' }] } })],
    ['listIndexes', ({ listIndexes }) => ({ cursor: { id: 0n, ns: `chancery.${listIndexes}`, firstBatch: [] } })],
    ['findAndModify', () => ({ value: { count: 1, resetAt: Number.MAX_SAFE_INTEGER } })],
  ]);
  const greet = serverOf('7.0.0', 21, (command) => {
    told.push(command);
    const [name = ''] = Object.keys(command);
    return { ...(answers.get(name)?.(command) ?? { n: 1, nModified: 1 }), ok: 1 };
  });
  const all: Answers = (command) => {
    const answer = greet(command);
    return 'hello' in command || 'ismaster' in command ? { ...answer, setName: 'rs', secondary: false, hosts: [address], me: address, primary: address } : answer;
  };
  const { url, server } = await serve(all);
  address = new URL(url).host;
  return { url, server, told };
};

const tenant = '019aa5c4-6f00-7000-8000-00000000000a' as TenantId;
const at = (number: number): Position => String(number).padStart(20, '0') as Position;
const key = (id: string, lookup?: string): KeyRecord => ({ id, tenant, kind: 'subject', version: 1, wrappedBy: 1, wrapped: Buffer.from('wrapped'), ...(lookup !== undefined && { lookup }) });
const now = Date.parse('2026-11-22T12:00:00.000Z');

/** Not all of it goes as it would where answers are true; that it was asked is what counts. */
const tried = async (...works: readonly (() => Promise<unknown>)[]): Promise<void> => {
  for (const work of works) await work().catch(() => undefined);
};

const useState = async ({ db, guarded }: Mongo): Promise<void> => {
  const { state, sweep, close } = await openMongoState({ db, asking: guarded, clock: { now: () => now }, logger: silentLogger });
  state.bump('uses', 'a', now);
  await tried(
    () => state.compareAndSet('scope', 'a', undefined, { value: '1' }), () => state.compareAndSet('scope', 'a', '1', { value: '2', expiresAt: now + 1 }), () => state.compareAndSet('scope', 'a', '2', undefined),
    () => state.get('scope', 'a'), () => collect(state.list('scope')), () => state.totals('uses', ['a']), sweep,
    () => Promise.all([1, 2].map(() => state.hit('window', 'a', { limit: 3, windowMs: 1_000, now }))),
  );
  await close();
};

const useKeys = async ({ db, guarded }: Mongo): Promise<void> => {
  const vault = await openMongoVault({ db, asking: guarded });
  await tried(() => vault.add([key('one')]), () => vault.add([key('two', 'x'), key('three', 'y')]), () => vault.get('one'), () => vault.find('x', tenant), () => vault.list('subject'));
  await tried(() => vault.rewrap({ ...key('one'), wrappedBy: 2 }, 1), () => vault.destroy('one'));
};

const useReadModels = async (mongo: Mongo): Promise<void> => {
  const models = openMongoReadModels({ mongo, logger: silentLogger });
  const model = { name: 'members', version: 1, indexes: [['role']] };
  const shadow = { ...model, name: 'members~rebuild' };
  const change = (position: number) => [{ tenant, id: 'a', position: at(position), document: { role: 'owner' } }];
  await tried(() => models.prepare(model), () => models.commit(model, change(1), undefined, at(1)), () => models.commit(model, change(2), undefined, at(2)));
  const open = models.open<{ role: string }>(tenant, model);
  await tried(
    () => models.load(model, [{ tenant, id: 'a' }]), () => models.checkpoint(model), () => models.versions('members'), () => collect(models.scan(model)),
    () => open.get('a'), () => open.page({ where: { role: 'owner' }, limit: 5, total: true }), () => collect(open.stream({ order: { by: 'role', direction: 'asc' } })),
    () => models.prepare(shadow), () => models.commit(shadow, change(2), undefined, at(2)), () => models.promote(shadow, model, at(2)), () => models.drop(model),
  );
};

async function* none(): AsyncGenerator<never> { /* nothing */ }

const useTie = async (mongo: Mongo): Promise<void> => {
  const event = { id: 'first', position: at(1) };
  const log = { head: async () => at(1), before: async () => ({ at: undefined }), feed: () => ({ pull: async () => ({ events: [event], scannedTo: at(1) }) }) } as unknown as EventLog;
  const tie = createLogTie({ mongo, log, state: { list: none } });
  const moving = createMovingTie(mongo);
  await tried(() => tie.check(), () => tie.remember(), () => moving.isKnown(), () => moving.isMoving(), () => moving.setMoving(true), () => moving.setMoving(false));
};

describe('what is asked of MongoDB', () => {
  let server: Server;
  let told: readonly Command[];
  let mongo: Mongo;

  /** As an operator's options could have it, which do not count. */
  const OPTIONS = 'replicaSet=rs&w=1&journal=false&readConcernLevel=local&readPreference=secondaryPreferred';

  beforeEach(async () => {
    const started = await createServer();
    [server, told] = [started.server, started.told];
    mongo = await openMongo(`${started.url}?${OPTIONS}`, { logger: silentLogger, patience: 2_000 });
  });
  afterEach(async () => {
    await mongo.close();
    server.close();
  });

  const names = (): readonly string[] => [...new Set(told.flatMap((command) => Object.keys(command)[0] ?? []))];
  const collections = (): readonly string[] => [...new Set(told.flatMap((command) => {
    const [of] = Object.values(command) as [unknown];
    return typeof of === 'string' ? [of.replace(/^read_model\..*$/u, 'read_model.*')] : [];
  }))];

  for (const [what, use, commands, from] of [
    ['the operational state', useState, ['insert', 'update', 'delete', 'find', 'createIndexes'], ['state_entries', 'state_windows', 'state_totals']],
    ['the keys', useKeys, ['insert', 'update', 'delete', 'find', 'createIndexes'], ['keys']],
    ['the read models', useReadModels, ['insert', 'update', 'delete', 'find', 'aggregate', 'createIndexes', 'drop'], ['read_models', 'read_model.*']],
    ['the tie to the log', useTie, ['update', 'delete', 'find'], ['log_seen']],
  ] as const) {
    it(`for ${what} is stored by a majority and in its journals before it counts, and read of the primary as a majority has it`, async () => {
      await use(mongo);
      expect(names()).to.include.members([...commands]);
      expect(collections()).to.include.members([...from]);
      expect(told.flatMap((command) => astray(command) ?? [])).to.deep.equal([]);
    });
  }

  it('is noticed when it asks for less', async () => {
    const some = mongo.db.collection('some', { readConcern: { level: 'local' }, writeConcern: { w: 1 }, readPreference: 'primaryPreferred' });
    const before = told.length;
    await tried(() => some.insertOne({ bytes: new Binary(Buffer.from('x')) }), () => some.findOne({}), () => some.updateOne({}, { $set: { a: 1 } }), () => some.deleteMany({}), () => some.countDocuments({}));
    await tried(() => mongo.db.collection('some', { readPreference: 'secondaryPreferred' }).findOne({}), () => mongo.db.collection('some', { writeConcern: { w: 'majority' } }).insertOne({}));
    await tried(() => mongo.db.command({ collMod: 'some' }));
    const asked = told.slice(before);
    expect(asked).to.have.lengthOf(8);
    expect(asked.filter((command) => astray(command) !== undefined)).to.have.lengthOf(8);
  });
});
