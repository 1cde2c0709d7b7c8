/** What the doctor looks at, and that it only looks. */
import { expect } from 'chai';
import kafkajs from 'kafkajs';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { MongoClient } from 'mongodb';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Finding } from '../../../api/cli/doctor.ts';
import { startProgram } from '../../../api/composition/program.ts';
import { readConfig } from '../../../infrastructure/runtime/config.ts';
import { runCommand } from '../../support/cli.ts';
import { requireOwnEngine, startOwnEngine } from '../../support/engines.ts';
import { startEventStoreNode } from '../../support/eventstore-node/node.ts';
import { openOwnEventStoreDb } from '../../support/own-event-store-db.ts';
import { serve, serverOf } from '../../support/scripted-mongo.ts';
import { failOnFatal, silentLogger } from '../../support/silent.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';

const PASSWORD = 'not-to-be-shown';
const SHARED = { MASTER_KEY: Buffer.alloc(32, 7).toString('base64'), OPERATOR_TOKEN: `op_${PASSWORD}` };
const NOT_THE_KEY = 'MASTER_KEY is not the key that the stored data is sealed with; accepted is only the one it was first started with, or changed to';
const NOBODY = `127.0.0.1:1`;
/** Each engine gets the patience of a start, on cores that others use as well. */
const EXAMINED_MS = 60_000;

describe('chancery doctor', function suite() {
  this.timeout(EXAMINED_MS);
  let directory: TemporaryDirectory;
  let dataDir: string;
  beforeEach(() => {
    directory = temporaryDirectory();
    dataDir = join(directory.path, 'data');
  });
  afterEach(() => directory.remove());

  type Told = Readonly<{ code: number; findings: ReadonlyMap<string, Finding> }>;

  /** Nobody is asked whether a server runs where the tests run. */
  const doctor = async (env: Readonly<Record<string, string>> = {}): Promise<Told> => {
    const { code, out, err } = await runCommand(['doctor', '--json'], { DATA_DIR: dataDir, CHANCERY_URL: `http://${NOBODY}`, ...env });
    expect(`${out}${err}`).to.not.contain(PASSWORD);
    return { code, findings: new Map((JSON.parse(out) as readonly Finding[]).map((finding) => [finding.check, finding])) };
  };

  const keyIn = async (env: Readonly<Record<string, string>> = {}): Promise<Finding | undefined> => (await doctor(env)).findings.get('master key');

  const namesOf = ({ findings }: Told): readonly string[] => [...findings.keys()].filter((name) => /\.db$|together|DB$|Kafka/u.test(name));

  it('looks at the databases of the data directory alone where no engine is named, and makes nothing', async () => {
    const told = await doctor();
    expect([told.code, namesOf(told)]).to.deep.equal([0, ['events.db', 'read-models.db', 'state.db', 'databases together']]);
    expect(existsSync(dataDir)).to.equal(false);
  });

  it('tries the master key on what is sealed with it, and changes nothing', async () => {
    const start = async (): Promise<void> => {
      const program = await startProgram({ config: readConfig({ PORT: '0', LOG_LEVEL: 'silent', DATA_DIR: dataDir }), logger: silentLogger, onFatal: failOnFatal });
      await program.stop(0);
    };
    await start();
    const file = join(dataDir, 'master.key');
    const [right, other] = [readFileSync(file, 'utf8').trim(), Buffer.alloc(32, 9).toString('base64')];
    expect(await keyIn()).to.include({ status: 'ok', detail: `${file}, and opens what is sealed with it` });
    expect(await keyIn({ MASTER_KEY: right })).to.include({ status: 'ok' });
    expect(await keyIn({ MASTER_KEY: other })).to.include({ status: 'failed', detail: NOT_THE_KEY });
    expect(await keyIn({ MASTER_KEY: other, MASTER_KEY_PREVIOUS: right }), 'about to be replaced').to.include({ status: 'ok' });
    writeFileSync(file, `${other}\n`);
    expect(await keyIn()).to.include({ status: 'failed', detail: NOT_THE_KEY });
    rmSync(file);
    expect(await keyIn()).to.have.property('detail').that.contains('is missing, and the data there is sealed with it');
    writeFileSync(file, `${right}\n`);
    await start();
  });

  it('says of each engine that is named why it cannot be used, and fails', async () => {
    const told = await doctor({ ...SHARED, EVENTSTORE_URL: `esdb://u:${PASSWORD}@${NOBODY}?tls=false`, MONGO_URL: `mongodb://u:${PASSWORD}@${NOBODY}/x`, KAFKA_BROKERS: NOBODY, KAFKA_USERNAME: 'u', KAFKA_PASSWORD: PASSWORD });
    expect([told.code, namesOf(told)]).to.deep.equal([1, ['EventStoreDB', 'MongoDB', 'Kafka']]);
    for (const [name, variable] of [['EventStoreDB', 'EVENTSTORE_URL'], ['MongoDB', 'MONGO_URL'], ['Kafka', 'KAFKA_BROKERS']] as const) {
      expect(told.findings.get(name), name).to.include({ status: 'failed' }).and.have.property('detail').that.match(new RegExp(`^${variable}[^\n]+$`, 'u'));
    }
    expect(existsSync(dataDir)).to.equal(false);
  });

  it('asks MongoDB what changes nothing, and leaves out the databases that it takes the place of', async () => {
    const asked = new Set<string>();
    const { url, server } = await serve((command) => {
      asked.add(Object.keys(command)[0] ?? '');
      return serverOf('7.0.14', 21, () => ({ cursor: { id: 0n, ns: 'chancery.$cmd.listCollections', firstBatch: [] }, ok: 1 }))(command);
    });
    const told = await doctor({ MONGO_URL: url });
    server.close();
    expect([told.code, namesOf(told)]).to.deep.equal([0, ['events.db', 'state.db', 'MongoDB']]);
    expect(told.findings.get('MongoDB')).to.include({ status: 'ok', detail: `7.0.14, and the database may be used; at ${new URL(url).host}` });
    expect([...asked].filter((command) => !['hello', 'ismaster', 'buildInfo', 'listCollections', 'endSessions'].includes(command))).to.deep.equal([]);
    const old = await serve(serverOf('5.0.31', 13));
    expect((await doctor({ MONGO_URL: old.url })).findings.get('MongoDB')).to.include({ status: 'failed' }).and.have.property('detail').that.contains('MongoDB 5.0.31');
    old.server.close();
  });

  it('asks EventStoreDB who it is, warns of a user that it is not told of, and appends nothing', async () => {
    const node = await startEventStoreNode();
    const { url, server } = await serve(serverOf('7.0.14', 21, () => ({ cursor: { id: 0n, ns: 'chancery.$cmd.listCollections', firstBatch: [] }, ok: 1 })));
    const { log, close } = await openOwnEventStoreDb(node.url);
    const before = await log.head();
    const told = await doctor({ ...SHARED, MONGO_URL: url, EVENTSTORE_URL: node.url });
    expect([told.code, namesOf(told)]).to.deep.equal([0, ['state.db', 'EventStoreDB', 'MongoDB', 'databases together']]);
    expect(told.findings.get('EventStoreDB')).to.include({ status: 'ok', detail: `23.10.1, and the whole log may be read; at 127.0.0.1:${node.port}` });
    const unheard = await doctor({ ...SHARED, MONGO_URL: url, EVENTSTORE_URL: node.url.replace('//', `//u:${PASSWORD}@`) });
    expect([unheard.code, unheard.findings.get('EventStoreDB')?.status]).to.deep.equal([0, 'warning']);
    expect(await log.head()).to.equal(before);
    await close();
    await node.close();
    server.close();
  });

  it('holds the log in EventStoreDB against the database that has its keys, and makes nothing in it', async function shared() {
    requireOwnEngine(this, 'ferretdb');
    const mongo = await startOwnEngine('ferretdb');
    const node = await startEventStoreNode();
    const env = { ...SHARED, EVENTSTORE_URL: node.url, MONGO_URL: mongo.address };
    const namesIn = async (): Promise<readonly string[]> => {
      const client = new MongoClient(mongo.address);
      const all = await client.db().listCollections({}, { nameOnly: true }).toArray();
      await client.close();
      return all.map(({ name }) => name);
    };
    const fresh = await doctor(env);
    expect([fresh.code, namesOf(fresh), await namesIn()]).to.deep.equal([0, ['state.db', 'EventStoreDB', 'MongoDB', 'databases together'], []]);
    const program = await startProgram({ config: readConfig({ ...env, PORT: '0', DATA_DIR: dataDir }), logger: silentLogger, onFatal: failOnFatal });
    expect((await doctor(env)).findings.get('databases together')).to.include({ status: 'ok', detail: 'of one log, whose keys MASTER_KEY opens' });
    const otherKey = await doctor({ ...env, MASTER_KEY: Buffer.alloc(32, 9).toString('base64') });
    expect(otherKey.findings.get('databases together')).to.include({ status: 'failed', detail: NOT_THE_KEY });
    await program.stop(100);
    const wrong = await doctor({ ...env, MONGO_URL: mongo.address.replace(/\/[^/]+$/u, '/empty') });
    expect([wrong.code, wrong.findings.get('databases together')?.status]).to.deep.equal([1, 'failed']);
    expect(wrong.findings.get('databases together')?.detail).to.match(/^MONGO_URL leads to a database that holds no keys/u);
    await node.close();
    await mongo.stop();
  });

  it('is told by an EventStoreDB at KAFKA_BROKERS that it is no Kafka', async () => {
    const node = await startEventStoreNode();
    const { code, findings } = await doctor({ KAFKA_BROKERS: new URL(node.url).host });
    expect([code, findings.get('Kafka')?.status]).to.deep.equal([1, 'failed']);
    expect(findings.get('Kafka')?.detail).to.contain('what listens there is no Kafka broker: it answers in another language');
    await node.close();
  });

  it('asks Kafka, and makes no topic', async function kafka() {
    requireOwnEngine(this, 'kafka');
    const engine = await startOwnEngine('kafka');
    const told = await doctor({ KAFKA_BROKERS: engine.address });
    expect([told.code, namesOf(told)]).to.deep.equal([0, ['events.db', 'read-models.db', 'state.db', 'databases together', 'Kafka']]);
    expect(told.findings.get('Kafka')).to.include({ status: 'ok', detail: `2.4 or newer by what it can do, and a producer is let in; at ${engine.address}` });
    const admin = new kafkajs.Kafka({ brokers: [engine.address], logLevel: kafkajs.logLevel.NOTHING }).admin();
    await admin.connect();
    expect(await admin.listTopics()).to.deep.equal([]);
    await admin.disconnect();
    await engine.stop();
  });

  it('holds the clock against the log that is in use', async () => {
    mkdirSync(dataDir, { mode: 0o700 });
    const db = new DatabaseSync(join(dataDir, 'events.db'));
    db.exec('CREATE TABLE events (position INTEGER PRIMARY KEY, id BLOB, time INTEGER); INSERT INTO events VALUES (1, x\'00\', 9000000000000)');
    db.close();
    expect((await doctor(SHARED)).findings.get('clock')).to.include({ status: 'warning' });
    const node = await startEventStoreNode();
    const { url, server } = await serve(serverOf('7.0.14', 21, () => ({ cursor: { id: 0n, ns: 'chancery.$cmd.listCollections', firstBatch: [] }, ok: 1 })));
    expect((await doctor({ ...SHARED, EVENTSTORE_URL: node.url, MONGO_URL: url })).findings.get('clock')).to.include({ status: 'ok' });
    await node.close();
    server.close();
  });
});
