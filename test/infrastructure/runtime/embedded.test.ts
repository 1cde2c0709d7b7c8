import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { type Embedded, openEmbedded } from '../../../infrastructure/runtime/embedded.ts';
import { systemClock } from '../../../infrastructure/runtime/clock.ts';
import { requireSqlite } from '../../../infrastructure/runtime/sqlite-open.ts';
import { noted, sampleCodec, someCause, someStream } from '../../support/sample-events.ts';
import { failOnFatal, silentLogger } from '../../support/silent.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';

const open = (dataDir: string): Promise<Embedded> =>
  openEmbedded({ dataDir, codec: sampleCodec, clock: systemClock, logger: silentLogger, onFatal: failOnFatal });

const failure = async (opening: Promise<Embedded>): Promise<string> =>
  opening.then(async (opened) => { await opened.close(); return 'opened'; }, (error: unknown) => (error as Error).message);

const HOLD = `import('${new URL('../../../infrastructure/runtime/data-directory.ts', import.meta.url).href}')
  .then(({ lockDataDirectory }) => { lockDataDirectory(process.argv[1]); console.log('locked'); setInterval(() => {}, 1000); });`;

describe('embedded engines', () => {
  let directory: TemporaryDirectory;

  beforeEach(() => {
    directory = temporaryDirectory();
  });

  afterEach(() => directory.remove());

  it('make a data directory for the owner alone, and find everything again', async () => {
    const dataDir = `${directory.path}/deep/data`;
    const first = await open(dataDir);
    const stream = someStream();
    await first.store.append(stream, 'none', [noted('kept')], someCause);
    await first.close();
    expect(statSync(dataDir).mode & 0o777).to.equal(0o700);
    const second = await open(dataDir);
    expect(await second.store.head(stream)).to.equal(0);
    await second.store.append(stream, 0, [noted('more')], someCause);
    expect(await second.log.head()).to.equal('00000000000000000002');
    await second.close();
  });

  it('are files for the owner alone, also those that an older release left open to others', async () => {
    const before = process.umask(0o022);
    try {
      const opened = await open(directory.path);
      // Closed before anything is expected: engines left open would keep the test run from ending.
      const names = readdirSync(directory.path).filter((name) => /^(events|read-models|state)\.db/.test(name));
      const modes = names.map((name) => [name, statSync(`${directory.path}/${name}`).mode & 0o777] as const);
      await opened.close();
      expect(names).to.include.members(['events.db', 'events.db-wal', 'events.db-shm', 'read-models.db', 'state.db']);
      for (const [name, mode] of modes) expect(mode, name).to.equal(0o600);
      chmodSync(`${directory.path}/events.db`, 0o644);
      await (await open(directory.path)).close();
      expect(statSync(`${directory.path}/events.db`).mode & 0o777).to.equal(0o600);
    } finally {
      process.umask(before);
    }
  });

  it('warn of a directory and of secrets that others may look into', async () => {
    const warnings: string[] = [];
    writeFileSync(`${directory.path}/operator.token`, 'op_0123456789');
    chmodSync(`${directory.path}/operator.token`, 0o644);
    chmodSync(directory.path, 0o755);
    const logger = { ...silentLogger, warn: (_fields: object, message: string) => void warnings.push(message) };
    await (await openEmbedded({ dataDir: directory.path, codec: sampleCodec, clock: systemClock, logger, onFatal: failOnFatal })).close();
    expect(warnings).to.deep.equal([
      `${directory.path} has mode 755: others may look inside, 700 is meant`,
      `${directory.path}/operator.token has mode 644: others may look inside, 600 is meant`,
    ]);
  });

  it('refuse a data directory in use, naming it and the process', async () => {
    const first = await open(directory.path);
    expect(await failure(open(directory.path))).to.include(directory.path).and.to.include(`process ${process.pid}`);
    await first.close();
    expect(await failure(open(directory.path))).to.equal('opened');
  });

  it('are free again when the process that had them was killed', async () => {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', HOLD, directory.path], { stdio: ['ignore', 'pipe', 'inherit'] });
    const gone = once(child, 'exit');
    try {
      await once(child.stdout, 'data');
      expect(await failure(open(directory.path))).to.include(`process ${child.pid}`);
    } finally {
      // Whatever it says: a child that is left keeps the tests from ending.
      child.kill('SIGKILL');
    }
    await gone;
    expect(await failure(open(directory.path))).to.equal('opened');
  });

  it('refuse what a newer release has written, in one line', async () => {
    await (await open(directory.path)).close();
    const db = new DatabaseSync(`${directory.path}/events.db`);
    db.exec('INSERT INTO migrations (version) VALUES (99)');
    db.close();
    const message = await failure(open(directory.path));
    expect(message).to.match(/schema version 99/);
    expect(message.split('\n')).to.have.lengthOf(1);
  });

  it('refuse an SQLite that is too old', () => {
    for (const old of ['3.51.2', '3.9.0', '2.99.9', '3.50.4']) expect(() => requireSqlite(old), old).to.throw(/too old/);
    for (const good of ['3.51.3', '3.53.4', '4.0.0']) expect(() => requireSqlite(good), good).not.to.throw();
  });
});
