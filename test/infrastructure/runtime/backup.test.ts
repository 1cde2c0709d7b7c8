import { expect } from 'chai';
import { copyFileSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { KeyRecord } from '../../../application/kernel/ports.ts';
import type { Position, StreamId } from '../../../domain/kernel/ids.ts';
import { readAbout } from '../../../infrastructure/runtime/backup-format.ts';
import { backup } from '../../../infrastructure/runtime/backup.ts';
import { systemClock } from '../../../infrastructure/runtime/clock.ts';
import { type Embedded, openEmbedded } from '../../../infrastructure/runtime/embedded.ts';
import { restore } from '../../../infrastructure/runtime/restore.ts';
import { someKey } from '../../contract/key-vault.contract.ts';
import { collect } from '../../support/collect.ts';
import { counted, noted, sampleCodec, someCause, someStream, someTenant } from '../../support/sample-events.ts';
import { seeded } from '../../support/seeded.ts';
import { failOnFatal, silentLogger } from '../../support/silent.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';

const open = (dataDir: string): Promise<Embedded> =>
  openEmbedded({ dataDir, codec: sampleCodec, clock: systemClock, logger: silentLogger, onFatal: failOnFatal });

const whyNot = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return (error as Error).message;
  }
  return 'it worked';
};

const refused = (options: Parameters<typeof restore>[0], reason: RegExp): void => {
  const message = whyNot(() => restore(options));
  expect(message).to.match(reason);
  expect(message.split('\n')).to.have.lengthOf(1);
};

const TABLES = ['migrations', 'tenants', 'types', 'streams', 'events', 'keys', 'state_entries', 'state_messages', 'state_sequence'];

/** Every row that a restore takes from a backup; undefined when it takes none, because it refuses the file. */
const restorable = (file: string): readonly string[] | undefined => {
  try {
    readAbout(file);
  } catch {
    return undefined;
  }
  const db = new DatabaseSync(file, { readOnly: true });
  const rows = TABLES.flatMap((table) => db.prepare(`SELECT * FROM ${table}`).all().map((row) => JSON.stringify([table, ...Object.values(row)])));
  db.close();
  return rows;
};

describe('backup and restore', () => {
  let directory: TemporaryDirectory;
  let data: string;
  let restored: string;
  let opened: Embedded;

  const at = (name: string): string => `${directory.path}/${name}`;
  const addSubject = async (): Promise<KeyRecord> => {
    const key = someKey({ lookup: 'someone' });
    await opened.store.append(someStream(key.tenant), 'none', [noted('mentions someone')], { ...someCause, keys: [key] });
    return key;
  };

  beforeEach(async () => {
    directory = temporaryDirectory();
    [data, restored] = [at('data'), at('restored')];
    opened = await open(data);
  });

  afterEach(async () => {
    await opened.close();
    directory.remove();
  });

  it('is a consistent copy, taken while events are appended', async () => {
    const streams: StreamId[] = Array.from({ length: 20 }, () => someStream());
    const stop = new AbortController();
    const writers = streams.map(async (stream) => {
      while (!stop.signal.aborted) await opened.store.append(stream, 'any', [noted('a'), counted(1)], someCause);
    });
    await opened.log.feed().pull('00000000000000000100' as Position, 1, stop.signal);
    const summary = await backup({ dataDir: data, out: at('b.db'), kind: 'data' });
    stop.abort();
    await Promise.all(writers);
    expect(summary.events).to.equal(summary.head).and.to.be.greaterThan(0);
    expect(summary.events % 2, 'appends are whole').to.equal(0);
    if (process.platform !== 'win32') expect(statSync(at('b.db')).mode & 0o777).to.equal(0o600);
    expect(restore({ dataDir: restored, file: at('b.db') }).events).to.equal(summary.events);
    const copy = await open(restored);
    for (const stream of streams) {
      const all = await collect(opened.store.read(stream));
      expect(await collect(copy.store.read(stream))).to.deep.equal(all.slice(0, (await copy.store.head(stream)) + 1));
    }
    await copy.close();
  });

  it("holds no person's key, in any page", async () => {
    const key = await addSubject();
    await opened.vault.add([someKey({ kind: 'tenant', wrapped: Buffer.from('a wrapped tenant key') })]);
    await backup({ dataDir: data, out: at('b.db'), kind: 'data' });
    const bytes = readFileSync(at('b.db'));
    expect(bytes.includes(Buffer.from(key.wrapped))).to.equal(false);
    expect(bytes.includes(Buffer.from('a wrapped tenant key')), 'the search finds what is there').to.equal(true);
  });

  it("leaves erased people erased: old data with today's keys", async () => {
    const [erased, kept] = [await addSubject(), await addSubject()];
    await backup({ dataDir: data, out: at('old.db'), kind: 'data' });
    await opened.vault.destroy(erased.id);
    await backup({ dataDir: data, out: at('keys.db'), kind: 'keys' });
    const summary = restore({ dataDir: restored, file: at('old.db'), keysFile: at('keys.db') });
    expect(summary).to.include({ events: 2, subjectKeys: 1 });
    const copy = await open(restored);
    expect(await copy.vault.get(erased.id)).to.equal(undefined);
    expect(Buffer.from((await copy.vault.get(kept.id))?.wrapped ?? [])).to.deep.equal(Buffer.from(kept.wrapped));
    await copy.close();
  });

  it('takes the keys afterwards as well, once', async () => {
    const key = await addSubject();
    await backup({ dataDir: data, out: at('b.db'), kind: 'data' });
    await backup({ dataDir: data, out: at('keys.db'), kind: 'keys' });
    expect(whyNot(() => restore({ dataDir: restored, file: at('keys.db') }))).to.match(/restore the data first/);
    expect(restore({ dataDir: restored, file: at('b.db') }).subjectKeys).to.equal(0);
    expect(restore({ dataDir: restored, file: at('keys.db') }).subjectKeys).to.equal(1);
    expect(whyNot(() => restore({ dataDir: restored, file: at('keys.db') }))).to.match(/holds persons' keys already/);
    const copy = await open(restored);
    expect((await copy.vault.get(key.id))?.lookup).to.equal('someone');
    await copy.close();
  });

  it('keeps newer tenants readable when the keys are older than the data', async () => {
    await backup({ dataDir: data, out: at('keys.db'), kind: 'keys' });
    const tenantKey = someKey({ kind: 'tenant' });
    await opened.store.append(someStream(tenantKey.tenant), 'none', [noted('a')], { ...someCause, keys: [tenantKey] });
    await backup({ dataDir: data, out: at('b.db'), kind: 'data' });
    expect(restore({ dataDir: restored, file: at('b.db'), keysFile: at('keys.db') }).keys).to.equal(1);
  });

  it('carries what keeps effects from being repeated', async () => {
    await opened.state.compareAndSet('checkpoint:follower', 'mail', undefined, { value: 'here' });
    await opened.state.compareAndSet('throttle', 'x', undefined, { value: 'not this' });
    await opened.bus.publish([{ topic: 't', key: 'k', id: 'm', body: '{}' }]);
    await backup({ dataDir: data, out: at('b.db'), kind: 'data' });
    restore({ dataDir: restored, file: at('b.db') });
    const copy = await open(restored);
    expect(await copy.state.get('checkpoint:follower', 'mail')).to.equal('here');
    expect(await copy.state.get('throttle', 'x')).to.equal(undefined);
    const stop = new AbortController();
    await copy.bus.consume({ name: 'c', topic: 't' }, async ({ id }) => { expect(id).to.equal('m'); stop.abort(); }, stop.signal);
    await copy.close();
  });

  it('copies the log where the state is kept elsewhere and its file is empty', async () => {
    await opened.store.append(someStream(someTenant()), 'none', [noted('a')], someCause);
    await opened.close();
    rmSync(`${data}/state.db-wal`, { force: true });
    writeFileSync(`${data}/state.db`, '');
    expect((await backup({ dataDir: data, out: at('b.db'), kind: 'data' })).events).to.equal(1);
    opened = await open(data);
  });

  it('can be taken with the server stopped or killed, too', async () => {
    await opened.store.append(someStream(someTenant()), 'none', [noted('a')], someCause);
    await opened.close();
    expect((await backup({ dataDir: data, out: at('b.db'), kind: 'data' })).events).to.equal(1);
    opened = await open(data);
  });

  it('restores the first format too, and warns that its rows cannot be checked', async () => {
    await opened.store.append(someStream(), 'none', [noted('old')], someCause);
    await backup({ dataDir: data, out: at('b.db'), kind: 'data' });
    const db = new DatabaseSync(at('b.db'));
    db.exec('ALTER TABLE about DROP COLUMN digest; UPDATE about SET format = 1');
    db.close();
    const { events, warnings } = restore({ dataDir: restored, file: at('b.db') });
    expect(events).to.equal(1);
    expect(warnings.join()).to.match(/^\S+b\.db has backup format 1, which carries no checksum/);
  });

  describe('refuses, in one line,', () => {
    beforeEach(async () => {
      for (let index = 0; index < 50; index += 1) await opened.store.append(someStream(), 'none', [noted('x'.repeat(200))], someCause);
      await backup({ dataDir: data, out: at('b.db'), kind: 'data' });
    });

    it('to overwrite a file', async () => {
      expect(await backup({ dataDir: data, out: at('b.db'), kind: 'data' }).catch((error: unknown) => (error as Error).message)).to.match(/exists already/);
    });

    it('a data directory that is not empty, or in use', async () => {
      refused({ dataDir: data, file: at('b.db') }, /in use by process/);
      await opened.close();
      refused({ dataDir: data, file: at('b.db') }, /is not empty/);
      opened = await open(data);
    });

    it('what is no backup, is cut short, or has a bit changed', () => {
      writeFileSync(at('none.db'), 'not a database at all');
      refused({ dataDir: restored, file: at('none.db') }, /none\.db is not a backup/);
      refused({ dataDir: restored, file: at('data/events.db') }, /is not a backup/);
      const whole = readFileSync(at('b.db'));
      writeFileSync(at('short.db'), whole.subarray(0, whole.length - 8_192));
      refused({ dataDir: restored, file: at('short.db') }, /short\.db is (not a backup|damaged)/);
      const changed = Buffer.from(whole);
      changed.fill(0x5a, 8_192, 8_292);
      writeFileSync(at('changed.db'), changed);
      refused({ dataDir: restored, file: at('changed.db') }, /changed\.db is (not a backup|damaged)/);
      expect(readdirSync(restored).filter((name) => !name.startsWith('lock'))).to.deep.equal([]);
    });

    it('whatever bit of the file is changed, unless no row depends on it', async function bits() {
      this.timeout(60_000);
      await opened.state.compareAndSet('checkpoint:follower', 'mail', undefined, { value: 'here' });
      await opened.bus.publish([{ topic: 't', key: 'k', id: 'm', body: '{}' }]);
      await opened.vault.add([someKey({ kind: 'tenant' })]);
      await backup({ dataDir: data, out: at('all.db'), kind: 'data' });
      const whole = readFileSync(at('all.db'));
      const expected = restorable(at('all.db'));
      expect(expected).to.have.length.greaterThan(50);
      const random = seeded(20_261_122);
      let refusals = 0;
      for (let flips = 0; flips < 500; flips += 1) {
        const changed = Buffer.from(whole);
        const place = random.below(whole.length);
        changed.writeUInt8(changed.readUInt8(place) ^ (1 << random.below(8)), place);
        writeFileSync(at('flipped.db'), changed);
        const rows = restorable(at('flipped.db'));
        if (rows === undefined) refusals += 1;
        else expect(rows, `byte ${place}`).to.deep.equal(expected);
      }
      expect(refusals).to.be.greaterThan(50);
    });

    it('whatever of the file is no row: a view with another text is not restored', () => {
      const db = new DatabaseSync(at('b.db'));
      db.exec("DROP VIEW log; CREATE VIEW log AS SELECT 'planted' AS id");
      db.close();
      restore({ dataDir: restored, file: at('b.db') });
      const copy = new DatabaseSync(`${restored}/events.db`, { readOnly: true });
      expect(copy.prepare('SELECT count(DISTINCT id) AS n FROM log').get()?.['n']).to.equal(50);
      copy.close();
    });

    it('changed rows in a file that is whole, of data and of keys, and writes nothing', async () => {
      await backup({ dataDir: data, out: at('keys.db'), kind: 'keys' });
      for (const [file, change] of [
        ['b.db', "UPDATE events SET data = replace(data, 'x', 'y') WHERE position = 7"], ['b.db', 'DELETE FROM events WHERE position = 50'],
        ['b.db', "UPDATE streams SET name = name || 'x' WHERE key = 1"], ['b.db', "INSERT INTO state_entries VALUES ('checkpoint:follower', 'mail', 'elsewhere')"],
        ['b.db', "UPDATE about SET head = 51"], ['b.db', "UPDATE about SET format = 1"], ['keys.db', "INSERT INTO keys VALUES ('planted', 't', 'tenant', 1, 1, x'00', NULL)"],
      ] as const) {
        copyFileSync(at(file), at('changed.db'));
        const db = new DatabaseSync(at('changed.db'));
        db.exec(change);
        db.close();
        const options = file === 'b.db' ? { file: at('changed.db') } : { file: at('b.db'), keysFile: at('changed.db') };
        refused({ dataDir: restored, ...options }, /changed\.db is damaged: its rows are not those that were backed up/);
        expect(readdirSync(restored).filter((name) => !name.startsWith('lock'))).to.deep.equal([]);
      }
    });

    it('a newer format, and the keys of another installation', async () => {
      const newer = new DatabaseSync(at('b.db'));
      newer.exec('UPDATE about SET format = 99');
      newer.close();
      refused({ dataDir: restored, file: at('b.db') }, /format 99/);
      await backup({ dataDir: data, out: at('mine.db'), kind: 'data' });
      const other = await open(at('other'));
      await other.store.append(someStream(), 'none', [noted('other')], someCause);
      await backup({ dataDir: at('other'), out: at('keys.db'), kind: 'keys' });
      await other.close();
      refused({ dataDir: restored, file: at('mine.db'), keysFile: at('keys.db') }, /another installation/);
    });
  });
});
