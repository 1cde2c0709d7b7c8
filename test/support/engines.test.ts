import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { freePort } from '../../scripts/engines-support/free-port.ts';
import { withoutEngines } from './environment.ts';
import { requireOwnEngine } from './engines.ts';
import { requireTool } from './pending.ts';
import { root } from './source-files.ts';
import { temporaryDirectory, type TemporaryDirectory } from './temporary-directory.ts';

describe('ports for programs that have to be told theirs', () => {
  it('are given once each: a cluster asks for nine before it listens at any', async () => {
    const ports: number[] = [];
    while (ports.length < 800) ports.push(await freePort());
    expect(new Set(ports).size).to.equal(ports.length);
  });
});

describe('scripts/engines', () => {
  let directory: TemporaryDirectory;
  beforeEach(() => { directory = temporaryDirectory(); });
  afterEach(() => directory.remove());

  const engines = (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const { status, stdout, stderr } = spawnSync(join(root, 'scripts/engines'), args, { encoding: 'utf8', env: { ...withoutEngines(), TMPDIR: directory.path, ...env } });
    return { status, stdout, stderr };
  };

  it('names in one line the programs that are missing, with code 3, and runs nothing', () => {
    const bin = join(directory.path, 'bin');
    mkdirSync(bin);
    for (const tool of ['sh', 'dirname', 'ps']) symlinkSync(spawnSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).stdout.trim(), join(bin, tool));
    const bare = { PATH: bin, XDG_CACHE_HOME: directory.path };
    expect(engines(['start', 'kafka'], bare)).to.deep.equal({ status: 3, stdout: '', stderr: 'scripts/engines: missing: java, mvn\n' });
    expect(engines(['run', 'ferretdb', '--', 'sh', '-c', 'echo ran'], bare)).to.deep.equal({ status: 3, stdout: '', stderr: 'scripts/engines: missing: go\n' });
    expect(readdirSync(directory.path).filter((name) => name.startsWith('chancery-engines-'))).to.deep.equal([]);
  });

  it('begins nothing that it could not end: that takes ps, which small images do not have', () => {
    const bin = join(directory.path, 'bin');
    mkdirSync(bin);
    for (const tool of ['sh', 'dirname']) symlinkSync(spawnSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).stdout.trim(), join(bin, tool));
    const bare = { PATH: bin, XDG_CACHE_HOME: directory.path };
    const missing = { status: 3, stdout: '', stderr: 'scripts/engines: missing: ps\n' };
    expect(engines(['start', 'kafka'], bare)).to.deep.equal(missing);
    const dir = join(directory.path, 'its own');
    mkdirSync(join(dir, 'kafka'), { recursive: true });
    writeFileSync(join(dir, 'kafka', 'running.json'), JSON.stringify({ pid: process.pid, address: '127.0.0.1:1' }));
    expect(engines(['stop', 'kafka', '--dir', dir], bare)).to.deep.equal(missing);
  });

  it('says with code 2 what it does not understand', () => {
    for (const args of [[], ['begin'], ['start', 'mysql'], ['start', '--where', 'x'], ['run', 'kafka']]) {
      const { status, stderr } = engines(args);
      expect([status, stderr.startsWith('scripts/engines: ')], args.join(' ')).to.deep.equal([2, true]);
    }
  });

  it('runs a command with the engine, ends with its code, and leaves nothing', function running() {
    requireOwnEngine(this, 'ferretdb');
    requireTool(this, 'ps', 'Debian package procps');
    this.timeout(60_000);
    const { status, stdout } = engines(['run', 'ferretdb', '--', 'sh', '-c', 'echo "$MONGO_URL"; exit 7']);
    expect(status).to.equal(7);
    expect(stdout).to.match(/^mongodb:\/\/127\.0\.0\.1:\d+\/chancery\n$/);
    expect(readdirSync(directory.path)).to.deep.equal([]);
  });

  it('starts what does not run yet, and stops it with its data', function starting() {
    requireOwnEngine(this, 'ferretdb');
    this.timeout(60_000);
    const dir = join(directory.path, 'its own');
    const first = engines(['start', 'ferretdb', '--dir', dir]);
    expect(first.stdout).to.match(/^export MONGO_URL='mongodb:\/\/127\.0\.0\.1:\d+\/chancery'\n$/);
    expect(engines(['start', 'ferretdb', '--dir', dir])).to.deep.equal({ ...first, stderr: '' });
    expect(engines(['stop', '--dir', dir]).status).to.equal(0);
    expect(readdirSync(dirname(dir))).to.deep.equal([]);
  });
});
