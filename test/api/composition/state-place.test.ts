/** A data directory knows where the state of its log is: a start that finds it elsewhere says so. */
import { expect } from 'chai';
import type { Logger } from '../../../application/kernel/ports.ts';
import { startProgram } from '../../../api/composition/program.ts';
import { readConfig } from '../../../infrastructure/runtime/config.ts';
import { openTestMongo } from '../../support/mongo.ts';
import { describeWithEngine } from '../../support/pending.ts';
import { failOnFatal, silentLogger } from '../../support/silent.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

describeWithEngine('the state of a log in a data directory', 'MONGO_URL', (address) => {
  it('is missed when MONGO_URL is named for the first time, and when it is named no more; at no other start', async () => {
    const [{ url, remove }, directory] = [await openTestMongo(address), temporaryDirectory()];
    const missed = async (more: Readonly<Record<string, string>>): Promise<boolean> => {
      const warned: string[] = [];
      const logger: Logger = { ...silentLogger, warn: (_fields: object, words: string) => { warned.push(words); } };
      const program = await startProgram({ config: readConfig({ PORT: '0', LOG_LEVEL: 'silent', DATA_DIR: directory.path, ...more }), logger, onFatal: failOnFatal });
      await program.stop(0);
      return warned.some((words) => words.includes('the state of this log'));
    };
    const there = { MONGO_URL: url };
    const found: boolean[] = [];
    for (const more of [{}, {}, there, there, {}, {}]) found.push(await missed(more));
    expect(found).to.deep.equal([false, false, true, false, true, false]);
    await remove();
    directory.remove();
  }).timeout(60_000);
});
