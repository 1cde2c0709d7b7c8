/** A data directory knows where the state of its log is: a start that finds it elsewhere says so. */
import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import type { Logger } from '../../../application/kernel/ports.ts';
import { startProgram } from '../../../api/composition/program.ts';
import { backup } from '../../../infrastructure/runtime/backup.ts';
import { readConfig } from '../../../infrastructure/runtime/config.ts';
import { restore } from '../../../infrastructure/runtime/restore.ts';
import { openTestMongo } from '../../support/mongo.ts';
import { describeWithEngine } from '../../support/pending.ts';
import { failOnFatal, silentLogger } from '../../support/silent.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';

const masterKey = { MASTER_KEY: randomBytes(32).toString('base64') };

/** What a start, ended at once, says of where the state is. */
const said = async (dataDir: string, more: Readonly<Record<string, string>>): Promise<string | undefined> => {
  const warned: string[] = [];
  const logger: Logger = { ...silentLogger, warn: (_fields: object, words: string) => { warned.push(words); } };
  const program = await startProgram({ config: readConfig({ PORT: '0', LOG_LEVEL: 'silent', DATA_DIR: dataDir, ...masterKey, ...more }), logger, onFatal: failOnFatal });
  await program.stop(0);
  return warned.find((words) => words.includes('the state of this log'));
};

/** A directory that has been put back as it was, with the log of another. */
const restoredFrom = async (dataDir: string): Promise<TemporaryDirectory> => {
  const [backups, restored] = [temporaryDirectory(), temporaryDirectory()];
  await backup({ dataDir, out: `${backups.path}/data`, kind: 'data' });
  restore({ dataDir: restored.path, file: `${backups.path}/data` });
  backups.remove();
  return restored;
};

describeWithEngine('the state of a log in a data directory', 'MONGO_URL', (address) => {
  it('is missed when MONGO_URL is named for the first time, and when it is named no more; at no other start', async () => {
    const [{ url, remove }, directory] = [await openTestMongo(address), temporaryDirectory()];
    const missed = async (more: Readonly<Record<string, string>>): Promise<boolean> => (await said(directory.path, more)) !== undefined;
    const there = { MONGO_URL: url };
    const found: boolean[] = [];
    for (const more of [{}, {}, there, there, {}, {}]) found.push(await missed(more));
    expect(found).to.deep.equal([false, false, true, false, true, false]);
    await remove();
    directory.remove();
  }).timeout(60_000);

  it('is where it was after a backup of the directory has been put back: not missed with its database, and with another, or none, it is', async () => {
    const [known, empty, directory] = [await openTestMongo(address), await openTestMongo(address), temporaryDirectory()];
    // What is older stays in the directory, and is not what a backup takes along.
    await said(directory.path, {});
    await said(directory.path, { MONGO_URL: known.url });
    const restored = [await restoredFrom(directory.path), await restoredFrom(directory.path), await restoredFrom(directory.path)] as const;
    expect(await said(restored[0].path, { MONGO_URL: known.url })).to.equal(undefined);
    expect(await said(restored[1].path, { MONGO_URL: empty.url })).to.match(/^the state of this log stood in MongoDB, and the database that MONGO_URL names has none of it/u);
    expect(await said(restored[2].path, {})).to.match(/^the state of this log stood in MongoDB until now/u);
    const own = await restoredFrom(restored[2].path);
    expect(await said(own.path, { MONGO_URL: empty.url })).to.match(/^the state of this log is in DATA_DIR/u);
    for (const one of [known, empty, directory, ...restored, own]) await one.remove();
  }).timeout(60_000);
});
