/** What is wrong with an engine ends a start in one line that names the setting and no password, and with the code of wrong settings. */
import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { requireOwnEngine, startOwnEngine } from '../support/engines.ts';
import { startEventStoreNode } from '../support/eventstore-node/node.ts';
import { startSecuredKafka, USER } from '../support/kafka-secured.ts';
import { serve, serverOf } from '../support/scripted-mongo.ts';
import { serveProgram } from '../support/served-program.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';

type Env = Readonly<Record<string, string>>;

const WRONG_SETTINGS = 2;
const PASSWORD = 'not-to-be-shown';
const SHARED = { MASTER_KEY: randomBytes(32).toString('base64'), OPERATOR_TOKEN: 'operator-0123456789abcdef' };
/** A start on cores that others use as well, and the patience that engines get. */
const START_MS = 120_000;

describe('a start that an engine stands in the way of', function suite() {
  this.timeout(START_MS);
  let directory: TemporaryDirectory;
  beforeEach(() => { directory = temporaryDirectory(); });
  afterEach(() => directory.remove());

  /** What the program says before it ends: one line. */
  const refusal = async (env: Env, code = WRONG_SETTINGS, dataDir = directory.path): Promise<string> => {
    const program = serveProgram({ dataDir, env });
    try {
      expect(await program.gone, program.said()).to.equal(code);
    } finally {
      program.process.kill('SIGKILL');
    }
    const said = program.said();
    expect(said).to.match(/^[^\n]+\n$/u).and.not.contain(PASSWORD);
    return said;
  };

  /** Side by side, each in a data directory of its own: some wait for ten seconds. */
  const expectRefusals = async (expected: readonly (readonly [env: Env, said: RegExp])[]): Promise<void> => {
    const said = await Promise.all(expected.map(([env], index) => refusal(env, WRONG_SETTINGS, join(directory.path, String(index)))));
    for (const [index, [, pattern]] of expected.entries()) expect(said[index]).to.match(pattern);
  };

  it('connection strings that are none', () => expectRefusals([
    [{ ...SHARED, EVENTSTORE_URL: `http://u:${PASSWORD}@h`, MONGO_URL: 'mongodb://h/x' }, /EVENTSTORE_URL .*no connection string/u],
    [{ MONGO_URL: `http://u:${PASSWORD}@h/x` }, /MONGO_URL .*no connection string/u],
    [{ ...SHARED, EVENTSTORE_URL: `esdb://u:${PASSWORD}@192.0.2.1:2113?tls=true`, MONGO_URL: 'mongodb://h/x' }, /EVENTSTORE_URL names a node by its address 192\.0\.2\.1, .* over TLS/u],
    [{ KAFKA_BROKERS: 'nowhere' }, /KAFKA_BROKERS .*host:port/u],
  ]));

  it('MongoDB: nobody there, too old, a wrong password', async () => {
    const old = await serve(serverOf('5.0.31', 13));
    const strict = await serve(serverOf('7.0.0', 21, () => ({ ok: 0, code: 18, codeName: 'AuthenticationFailed', errmsg: `no ${PASSWORD}` })));
    await expectRefusals([
      [{ MONGO_URL: `mongodb://u:${PASSWORD}@127.0.0.1:1/chancery` }, /MONGO_URL leads to no server that answers as MongoDB/u],
      [{ MONGO_URL: old.url }, /MONGO_URL leads to MongoDB 5\.0\.31; accepted is MongoDB 6\.0 or newer/u],
      [{ MONGO_URL: strict.url.replace('//', `//u:${PASSWORD}@`) }, /MONGO_URL holds a user or a password that the server refuses/u],
    ]);
    old.server.close();
    strict.server.close();
  });

  it('EventStoreDB: nobody there, too old, a wrong password', async function eventStore() {
    requireOwnEngine(this, 'ferretdb');
    const mongo = await startOwnEngine('ferretdb');
    const env = { ...SHARED, MONGO_URL: mongo.address };
    const old = await startEventStoreNode({ version: '21.10.0' });
    const strict = await startEventStoreNode({ users: { admin: 'changeit' } });
    await expectRefusals([
      [{ ...env, EVENTSTORE_URL: `esdb://u:${PASSWORD}@127.0.0.1:1?tls=false` }, /EVENTSTORE_URL: nothing that can be used answers/u],
      [{ ...env, EVENTSTORE_URL: old.url }, /EVENTSTORE_URL leads to EventStoreDB 21\.10\.0; needed is 22\.6 or newer/u],
      [{ ...env, EVENTSTORE_URL: strict.url.replace('//', `//admin:${PASSWORD}@`) }, /EVENTSTORE_URL: the user, the password or the rights are wrong/u],
    ]);
    await old.close();
    await strict.close();
    await mongo.stop();
  });

  it('a used log beside a database that is empty, or with another master key: each time, and the right ones serve again', async function others() {
    requireOwnEngine(this, 'ferretdb');
    const mongo = await startOwnEngine('ferretdb');
    const node = await startEventStoreNode();
    const env = { ...SHARED, EVENTSTORE_URL: node.url, MONGO_URL: mongo.address };
    const serves = async (): Promise<void> => {
      const program = serveProgram({ dataDir: directory.path, env });
      await program.listening;
      program.process.kill('SIGTERM');
      expect(await program.gone, program.said()).to.equal(0);
    };
    await serves();
    const empty = { ...env, MONGO_URL: mongo.address.replace(/\/[^/]+$/u, '/empty') };
    for (const _attempt of [1, 2]) expect(await refusal(empty)).to.match(/^chancery: MONGO_URL leads to a database that holds no keys, and the log has events that need theirs; accepted is the database that belongs to this log/u);
    expect(await refusal({ ...env, MASTER_KEY: randomBytes(32).toString('base64') })).to.match(/^chancery: MASTER_KEY is not the key that the stored data is sealed with/u);
    expect(await refusal({ ...env, LOG_ORIGIN: 'log.example/another' })).to.match(/^chancery: LOG_ORIGIN is "log\.example\/another", but the log that EVENTSTORE_URL leads to bears /u);
    await serves();
    await node.close();
    await mongo.stop();
  });

  it('Kafka: nobody there, a wrong password', async function kafka() {
    requireOwnEngine(this, 'kafka');
    const { engine, at } = await startSecuredKafka();
    await expectRefusals([
      [{ KAFKA_BROKERS: '127.0.0.1:1' }, /KAFKA_BROKERS "127\.0\.0\.1:1": no broker answers/u],
      [{ KAFKA_BROKERS: at.password, KAFKA_USERNAME: USER, KAFKA_PASSWORD: PASSWORD }, /KAFKA_BROKERS .*refuses the user or the password: KAFKA_USERNAME, KAFKA_PASSWORD/u],
    ]);
    await engine.stop();
  });

  it('a data directory that another process is at work in', async () => {
    const first = serveProgram({ dataDir: directory.path });
    await first.listening;
    expect(await refusal({}, 1)).to.match(/in use/u);
    first.process.kill('SIGKILL');
    await first.gone;
    const next = serveProgram({ dataDir: directory.path });
    await next.listening;
    next.process.kill('SIGKILL');
    await next.gone;
  });
});
