import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import type { KeyRecord } from '../../../application/kernel/ports.ts';
import { openEventStore, type OpenEventStore } from '../../../infrastructure/event-store/event-store.ts';
import { EVENT_MIGRATIONS } from '../../../infrastructure/event-store/schema.ts';
import { VaultEngine } from '../../../infrastructure/event-store/vault-engine.ts';
import { systemIds } from '../../../infrastructure/runtime/ids.ts';
import { migrate } from '../../../infrastructure/runtime/sqlite-migrations.ts';
import { openWriter } from '../../../infrastructure/runtime/sqlite-open.ts';
import { someKey } from '../../contract/key-vault.contract.ts';
import { collect } from '../../support/collect.ts';
import { requireTool } from '../../support/pending.ts';
import { rejection } from '../../support/rejections.ts';
import { noted, sampleCodec, someCause, someStream, someTenant } from '../../support/sample-events.ts';
import { seeded } from '../../support/seeded.ts';
import { failOnFatal } from '../../support/silent.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';
import { requireTracing } from '../../support/tracing.ts';
import { until } from '../../support/until.ts';

describe('embedded event store', () => {
  const clock = { time: 1_000_000, now: (): number => clock.time };
  let directory: TemporaryDirectory;
  let opened: OpenEventStore;

  const open = ({ path } = directory): Promise<OpenEventStore> =>
    openEventStore({ path: `${path}/events.db`, codec: sampleCodec, clock, ids: systemIds, onFatal: failOnFatal, checkpointFrames: 50 });

  beforeEach(async () => {
    directory = temporaryDirectory();
    opened = await open();
  });

  afterEach(async () => {
    await opened.close();
    directory.remove();
  });

  it('orders by position whatever the clock does, and records what it said', async () => {
    const stream = someStream();
    for (const time of [5_000, 1_000, 9_000]) {
      clock.time = time;
      await opened.store.append(stream, 'any', [noted(String(time))], someCause);
    }
    const events = await collect(opened.store.read(stream));
    expect(events.map(({ time }) => Date.parse(time))).to.deep.equal([5_000, 1_000, 9_000]);
    expect(events.map(({ position }) => Number(position))).to.deep.equal([1, 2, 3]);
  });

  it('gives every event a random salt of 16 bytes, which is never served', async () => {
    for (let index = 0; index < 600; index += 1) void opened.store.append(someStream(), 'none', [noted('x')], someCause);
    const stream = someStream();
    await opened.store.append(stream, 'none', [noted('x')], someCause);
    const db = new DatabaseSync(`${directory.path}/events.db`, { readOnly: true });
    expect(db.prepare('SELECT count(DISTINCT salt) AS n FROM events WHERE length(salt) = 16').get()?.['n']).to.equal(601);
    db.close();
    expect(Object.keys((await collect(opened.store.read(stream)))[0] ?? {})).not.to.include('salt');
  });

  it('refuses events that do not fit their schema, before anything is stored', async () => {
    const rubbish = { type: 'Noted', data: { text: 1 } };
    const failed = await opened.store.append(someStream(), 'none', [rubbish], someCause).catch((error: unknown) => String(error));
    expect(failed).to.match(/does not fit its schema/);
    expect(await opened.log.head()).to.equal(undefined);
  });

  it('knows the heads of streams after a restart, and after a repeated append', async () => {
    const stream = someStream();
    const how = { ...someCause, ids: [systemIds.next()] };
    await opened.store.append(stream, 'none', [noted('a')], how);
    await opened.store.append(stream, 0, [noted('b')], someCause);
    await opened.close();
    opened = await open();
    await opened.store.append(stream, 'none', [noted('a')], how);
    expect(await opened.store.head(stream)).to.equal(1);
    expect((await rejection(opened.store.append(stream, 0, [noted('c')], someCause))).details).to.deep.equal({ expected: 0, actual: 1 });
  });

  it('opens a log of an older release, and finds the events of each tenant by an index', async () => {
    await opened.close();
    for (const name of readdirSync(directory.path)) rmSync(`${directory.path}/${name}`);
    const [mine, path] = [someTenant(), `${directory.path}/events.db`];
    const old = new DatabaseSync(path);
    migrate(old, EVENT_MIGRATIONS.slice(0, 1));
    old.exec(`BEGIN; INSERT INTO types VALUES (1, 'sample.Noted.v1'); INSERT INTO tenants VALUES (1, '${someTenant()}'), (2, '${mine}'); INSERT INTO streams VALUES (1, '${someStream()}'), (2, '${someStream(mine)}')`);
    const insert = old.prepare("INSERT INTO events VALUES (?, ?, ?, 1, ?, 0, ?, zeroblob(16), ?, '{\"text\":\"old\"}')");
    for (let position = 1; position <= 25_000; position += 1) {
      const owner = position === 24_000 || position === 2 ? 2 : 1;
      insert.run(position, owner, position, owner, Buffer.from(String(position).padStart(16)), JSON.stringify(someCause));
    }
    old.exec('COMMIT');
    old.close();
    opened = await open();
    const feed = opened.log.feed({ tenant: mine, types: ['Noted'] });
    const page = await feed.pull(undefined, 10, AbortSignal.timeout(15_000));
    expect(page.events.map(({ position }) => Number(position))).to.deep.equal([2, 24_000]);
    expect(Number(page.scannedTo), 'in one pull, past more than a pull looks through').to.equal(25_000);
    await opened.store.append(someStream(mine), 'none', [noted('new')], someCause);
    expect((await feed.pull(page.scannedTo, 10, AbortSignal.timeout(15_000))).events.map(({ data }) => data)).to.deep.equal([noted('new').data]);
    const db = new DatabaseSync(path, { readOnly: true });
    const plan = db.prepare('EXPLAIN QUERY PLAN SELECT cause FROM events WHERE position > ? AND position <= ? AND tenant = (SELECT value FROM json_each(?)) ORDER BY position LIMIT ?').all();
    db.close();
    expect(JSON.stringify(plan)).to.contain('events_by_tenant (tenant=? AND rowid>? AND rowid<?)').and.not.contain('TEMP B-TREE');
  });

  it('leaves no byte of a destroyed key in any file once nobody reads any more what was there before, such as a backup', async () => {
    const key = someKey();
    await opened.vault.add([key]);
    const isThere = ({ path } = directory): boolean => readdirSync(path).some((name) => readFileSync(`${path}/${name}`).includes(Buffer.from(key.wrapped)));
    const reader = new DatabaseSync(`${directory.path}/events.db`, { readOnly: true });
    reader.exec('BEGIN; SELECT count(*) FROM events');
    await opened.vault.destroy(key.id);
    expect(isThere(), 'what it reads is kept for it').to.equal(true);
    const killed = temporaryDirectory();
    for (const file of ['events.db', 'events.db-wal']) copyFileSync(`${directory.path}/${file}`, `${killed.path}/${file}`);
    reader.close();
    await until('no byte of it', () => !isThere() || undefined);
    expect(isThere(killed)).to.equal(true);
    const next = await open(killed);
    expect(isThere(killed), 'after the next start').to.equal(false);
    await next.close();
    killed.remove();
  }).timeout(60_000);

  it('leaves no byte of a destroyed key in any file once there is space again, also when nobody asks another time', async () => {
    const [key, own] = [someKey(), temporaryDirectory()];
    const db = openWriter(`${own.path}/events.db`, { synchronous: 'FULL', secureDelete: true });
    migrate(db, EVENT_MIGRATIONS);
    let isFull = true;
    const prepare = (sql: string): object =>
      isFull && sql.includes('wal_checkpoint') ? { get: () => { throw Object.assign(new Error('database or disk is full'), { errcode: 13 }); } } : db.prepare(sql);
    const vault = new VaultEngine({ prepare, exec: (sql: string) => db.exec(sql), get isOpen() { return db.isOpen; } } as unknown as DatabaseSync);
    vault.apply(['keys.add', [key]]);
    vault.apply(['keys.destroy', key.id]);
    expect(() => vault.committed()).to.throw(/full/u);
    vault.rolledBack();
    const isThere = (): boolean => readFileSync(`${own.path}/events.db-wal`).includes(Buffer.from(key.wrapped));
    expect(isThere()).to.equal(true);
    isFull = false;
    await until('no byte of it', () => !isThere() || undefined);
    db.close();
    own.remove();
  });

  it('leaves no byte of a destroyed key in any file', async () => {
    const keys = Array.from({ length: 400 }, () => someKey({ lookup: systemIds.next() }));
    for (const [index, key] of keys.entries()) {
      await opened.store.append(someStream(), 'none', [noted(`mentions ${index}`)], { ...someCause, keys: [key] });
    }
    const random = seeded(1);
    const [destroyed, kept] = [keys.filter(() => random.chance(0.3)), new Set(keys)];
    for (const key of destroyed) {
      kept.delete(key);
      await opened.vault.destroy(key.id);
    }
    const files = readdirSync(directory.path).map((name) => readFileSync(`${directory.path}/${name}`));
    const isThere = ({ wrapped }: KeyRecord): boolean => files.some((bytes) => bytes.includes(Buffer.from(wrapped)));
    expect(destroyed.filter(isThere)).to.deep.equal([]);
    expect([...kept].every(isThere), 'the search finds what is there').to.equal(true);
  });
});

const stored = (path: string): ReadonlySet<string> => {
  const db = new DatabaseSync(`${path}/events.db`);
  const rows = db.prepare('SELECT lower(hex(id)) AS id FROM events').all();
  db.close();
  return new Set(rows.map(({ id }) => String(id)));
};

/** Runs the appender under strace, which makes the `nth` call of a kind fail. */
const appendUnder = async (directory: string, injection: string): Promise<Readonly<{ code: number | null; said: string; acknowledged: readonly string[] }>> => {
  const program = fileURLToPath(new URL('../../reliability/programs/appender.ts', import.meta.url));
  const options = JSON.stringify({ writers: 8, appends: 100, checkpointFrames: 50 });
  const traced = ['-f', '-qq', '-e', 'signal=none', '-o', '/dev/null', '-e', 'trace=fsync,fdatasync,pwrite64', '-e', `inject=${injection}`];
  const child = spawn('strace', [...traced, process.execPath, '--disable-warning=ExperimentalWarning', program, directory, options], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, said] = [[] as Buffer[], [] as Buffer[]];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  const acknowledged = Buffer.concat(out).toString().split('\n').filter((line) => line.startsWith('acknowledged ')).map((line) => line.slice('acknowledged '.length));
  return { code, said: Buffer.concat(said).toString(), acknowledged };
};

describe('embedded event store on a failing disk', function suite() {
  this.timeout(60_000);

  before(function needs() {
    requireTool(this, 'strace', 'Debian package strace; Linux only');
    requireTracing(this);
  });

  for (const injection of ['fsync:error=EIO:when=12', 'fsync:error=EIO:when=40', 'pwrite64:error=EIO:when=200']) {
    it(`ends the process at the first failure, with nothing acknowledged lost: ${injection}`, async () => {
      const { path, remove } = temporaryDirectory();
      const { code, said, acknowledged } = await appendUnder(path, injection);
      expect(code, said).to.equal(70);
      expect(said).to.match(/the disk failed/);
      const there = stored(path);
      expect(acknowledged.filter((id) => !there.has(id.replaceAll('-', '')))).to.deep.equal([]);
      remove();
    });
  }
});
