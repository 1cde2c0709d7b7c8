import { expect } from 'chai';
import { DatabaseSync } from 'node:sqlite';
import { type SqliteWriter, startWriter } from '../../../infrastructure/runtime/sqlite-writer.ts';
import { migrate, schemaVersion } from '../../../infrastructure/runtime/sqlite-migrations.ts';
import { rejection } from '../../support/rejections.ts';
import { failOnFatal } from '../../support/silent.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';
import type { SmallDiskOperation } from './small-disk.ts';

describe('writer thread', () => {
  let directory: TemporaryDirectory;
  let writer: SqliteWriter;

  const submit = (operation: SmallDiskOperation): Promise<number> => writer.submit<number>(operation);
  const stored = (): unknown => {
    const db = new DatabaseSync(`${directory.path}/small.db`);
    const count = db.prepare('SELECT count(*) AS n FROM texts').get()?.['n'];
    db.close();
    return count;
  };

  beforeEach(async () => {
    directory = temporaryDirectory();
    const module = new URL('small-disk.ts', import.meta.url);
    writer = await startWriter({ module, workerData: { path: `${directory.path}/small.db` }, onFatal: failOnFatal });
  });

  afterEach(async () => {
    await writer.close();
    directory.remove();
  });

  it('refuses one operation of a group and commits the others', async () => {
    const answers = await Promise.allSettled([submit({ store: 1 }), submit({ refuse: true }), submit({ fail: true }), submit({ store: 2 })]);
    expect(answers.map(({ status }) => status)).to.deep.equal(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
    expect(stored()).to.equal(2);
  });

  it('answers "unavailable" to a whole group when the disk is full, and goes on once there is space', async () => {
    await submit({ store: 10 });
    const group = [submit({ store: 20 }), submit({ store: 400_000 }), submit({ store: 30 })];
    for (const refused of group) expect(await rejection(refused)).to.deep.equal({ code: 'storage.unavailable', details: { retryAfter: 5 } });
    expect(stored()).to.equal(1);
    expect(await submit({ store: 20 })).to.equal(1);
    await submit({ pages: 1_000 });
    expect(await submit({ store: 400_000 })).to.equal(1);
    expect(stored()).to.equal(3);
  });

  it('finishes what was submitted before it closes, and refuses what comes after', async () => {
    const last = submit({ store: 1 });
    const closed = writer.close();
    expect((await rejection(submit({ store: 1 }))).code).to.equal('storage.unavailable');
    expect(await last).to.equal(1);
    await closed;
    expect(stored()).to.equal(1);
  });
});

describe('migrations', () => {
  it('bring any older database forward, each once, and touch nothing when one fails', () => {
    const db = new DatabaseSync(':memory:');
    const steps = ['CREATE TABLE a (x)', 'INSERT INTO a VALUES (1)'];
    migrate(db, steps.slice(0, 1));
    migrate(db, steps);
    migrate(db, steps);
    expect(schemaVersion(db)).to.equal(2);
    expect(db.prepare('SELECT count(*) AS n FROM a').get()?.['n']).to.equal(1);
    expect(() => migrate(db, [...steps, 'INSERT INTO a VALUES (2); INSERT INTO missing VALUES (1)'])).to.throw(/no such table/);
    expect(schemaVersion(db)).to.equal(2);
    expect(db.prepare('SELECT count(*) AS n FROM a').get()?.['n']).to.equal(1);
    expect(() => migrate(db, steps.slice(0, 1))).to.throw(/schema version 2, and this release knows 1/);
  });
});
