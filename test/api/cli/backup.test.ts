import { expect } from 'chai';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCli } from '../../../api/cli/program.ts';
import { openJobs } from '../../../api/composition/jobs.ts';
import { systemClock } from '../../../infrastructure/runtime/clock.ts';
import { systemIds } from '../../../infrastructure/runtime/ids.ts';
import { runCommand } from '../../support/cli.ts';
import { silentLogger } from '../../support/silent.ts';
import { until } from '../../support/until.ts';
import { createMemoryState } from '../kernel/support.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

describe('chancery backup', () => {
  it('writes over no file, and asks no server before it has looked', async () => {
    const directory = temporaryDirectory();
    const out = join(directory.path, 'kept.backup');
    writeFileSync(out, 'the only backup');
    const said: string[] = [];
    const io = { env: { DATA_DIR: join(directory.path, 'none'), CHANCERY_URL: 'http://127.0.0.1:1' }, out: () => undefined, err: (text: string) => void said.push(text), interactive: false };
    expect(await runCli(['backup', '--out', out], io)).to.equal(1);
    expect(said.join()).to.equal(`chancery: ${out} exists already: name a new file, so that no backup takes another's place`);
    expect(readFileSync(out, 'utf8')).to.equal('the only backup');
    directory.remove();
  });

  it('says of a log in EventStoreDB where that is backed up, and starts nothing to say it', async () => {
    const directory = temporaryDirectory();
    const dataDir = join(directory.path, 'none');
    const { code, err } = await runCommand(['backup', '--out', join(directory.path, 'new.backup')], { EVENTSTORE_URL: 'esdb://h?tls=false', DATA_DIR: dataDir });
    expect([code, err]).to.deep.equal([1, 'chancery: backup: the log is in EventStoreDB: back that up, and MongoDB before it (docs/engines.md, Backups)']);
    expect(existsSync(dataDir)).to.equal(false);
    directory.remove();
  });

  it('is refused in the same words by a server whose log is in EventStoreDB', async () => {
    const directory = temporaryDirectory();
    const jobs = await openJobs({ state: createMemoryState(() => systemClock.now()), clock: systemClock, logger: silentLogger, dataDir: directory.path, rotations: new Promise(() => undefined), backups: false, leases: undefined });
    for (const kind of ['backup', 'backup-keys']) {
      const { id } = await jobs.start(kind, systemIds.next(), { actor: { kind: 'operator', id: 'operator' }, correlation: 'test' });
      const ended = await until('its end', async () => {
        const job = await jobs.get(id);
        return job?.status === 'running' ? undefined : job;
      });
      expect(ended, kind).to.include({ status: 'failed', error: 'the log is in EventStoreDB: back that up, and MongoDB before it (docs/engines.md, Backups)' });
    }
    await jobs.close();
    directory.remove();
  });
});
