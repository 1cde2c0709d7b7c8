/** What `chancery restore` tells its operator. */
import { expect } from 'chai';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { backup } from '../../../infrastructure/runtime/backup.ts';
import { systemClock } from '../../../infrastructure/runtime/clock.ts';
import { openEmbedded } from '../../../infrastructure/runtime/embedded.ts';
import { makeDataDirectory } from '../../../infrastructure/runtime/data-directory.ts';
import { runCommand } from '../../support/cli.ts';
import { noted, sampleCodec, someCause, someStream } from '../../support/sample-events.ts';
import { failOnFatal, silentLogger } from '../../support/silent.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';

const run = (dataDir: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) => runCommand(['restore', ...args], { DATA_DIR: dataDir, ...env });

describe('chancery restore', () => {
  let directory: TemporaryDirectory;
  const at = (name: string): string => join(directory.path, name);

  before(async () => {
    directory = temporaryDirectory();
    const embedded = await openEmbedded({ dataDir: at('data'), codec: sampleCodec, clock: systemClock, logger: silentLogger, onFatal: failOnFatal });
    await embedded.store.append(someStream(), 'none', [noted('a')], someCause);
    await embedded.close();
    await backup({ dataDir: at('data'), out: at('b.backup'), kind: 'data' });
  });
  after(() => directory.remove());

  it('says that the master key must be put in place where there is none', async () => {
    const { code, out } = await run(at('without'), [at('b.backup')]);
    expect(code).to.equal(0);
    expect(out).to.match(/^restored 1 events/);
    expect(out).to.include(`warning: ${at('without/master.key')} is missing: before the start put the master key of the installation that was backed up there, or set MASTER_KEY`);
    const { out: json } = await run(at('json'), [at('b.backup'), '--json']);
    expect((JSON.parse(json) as { warnings: string[] }).warnings).to.have.length(1);
  });

  it('says nothing of it where it is, or is given', async () => {
    makeDataDirectory(at('with'));
    writeFileSync(at('with/master.key'), Buffer.alloc(32).toString('base64'));
    expect((await run(at('with'), [at('b.backup')])).out).to.not.include('warning');
    expect((await run(at('given'), [at('b.backup')], { MASTER_KEY: Buffer.alloc(32).toString('base64') })).out).to.not.include('warning');
  });

  it('names the file that is not there', async () => {
    const { code, err } = await run(at('nothing'), ['/nope']);
    expect([code, err]).to.deep.equal([1, 'chancery: /nope does not exist']);
  });
});
