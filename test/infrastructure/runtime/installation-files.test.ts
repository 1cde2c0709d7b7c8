/** The secrets that an installation makes for itself. */
import { expect } from 'chai';
import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../../../infrastructure/runtime/config.ts';
import { adoptMasterKey, installationSecrets, nextMasterKey } from '../../../infrastructure/runtime/installation-files.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';

const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);
const NOTHING = { masterKey: undefined, operatorToken: undefined };

describe('installation files', () => {
  let directory: TemporaryDirectory;
  let dataDir: string;
  beforeEach(() => {
    directory = temporaryDirectory();
    dataDir = join(directory.path, 'deep', 'data');
  });
  afterEach(() => directory.remove());

  it('are made once, and the same ever after', () => {
    const first = installationSecrets(dataDir, NOTHING);
    expect(first.masterKey).to.have.length(32);
    expect(first.operatorToken).to.match(/^op_[\w-]{43}$/);
    expect(installationSecrets(dataDir, NOTHING)).to.deep.equal(first);
    expect([first.masterKeyFile, first.operatorTokenFile]).to.deep.equal([join(dataDir, 'master.key'), join(dataDir, 'operator.token')]);
    expect(readFileSync(join(dataDir, 'master.key'), 'utf8')).to.equal(`${Buffer.from(first.masterKey).toString('base64')}\n`);
  });

  it('differ between installations', () => {
    const [one, other] = ['a', 'b'].map((name) => installationSecrets(join(directory.path, name), NOTHING));
    expect(one?.operatorToken).to.not.equal(other?.operatorToken);
    expect(one?.masterKey).to.not.deep.equal(other?.masterKey);
  });

  it('are for their owner only (pending on Windows: it has no such file modes)', function modes() {
    if (process.platform === 'win32') this.skip();
    installationSecrets(dataDir, NOTHING);
    expect([mode(dataDir), mode(join(dataDir, 'master.key')), mode(join(dataDir, 'operator.token'))]).to.deep.equal(['700', '600', '600']);
    expect(readdirSync(dataDir).toSorted()).to.deep.equal(['master.key', 'operator.token']);
  });

  it('let another master key take the place of the present one, cut off wherever', () => {
    const before = installationSecrets(dataDir, NOTHING).masterKey;
    const next = nextMasterKey(dataDir);
    expect(nextMasterKey(dataDir), 'asked again').to.deep.equal(next);
    expect(mode(join(dataDir, 'master.key.next'))).to.equal('600');
    expect(installationSecrets(dataDir, NOTHING)).to.deep.include({ masterKey: next, previousMasterKey: before });
    renameSync(join(dataDir, 'master.key'), join(dataDir, 'master.key.previous'));
    expect(installationSecrets(dataDir, NOTHING), 'cut off between the two names').to.deep.include({ masterKey: next, previousMasterKey: before });
    for (let twice = 0; twice < 2; twice += 1) adoptMasterKey(dataDir);
    expect(installationSecrets(dataDir, NOTHING)).to.deep.include({ masterKey: next, previousMasterKey: undefined });
    expect(readdirSync(dataDir).toSorted()).to.deep.equal(['master.key', 'master.key.previous', 'operator.token']);
  });

  it('are not made when they are given', () => {
    const given = { masterKey: new Uint8Array(32).fill(1), operatorToken: 'given-token' };
    expect(installationSecrets(dataDir, given)).to.deep.equal({ ...given, previousMasterKey: undefined, masterKeyFile: undefined, operatorTokenFile: undefined });
    expect(readdirSync(dataDir)).to.deep.equal([]);
  });

  const damaged: readonly (readonly [name: string, content: string])[] = [
    ['master.key', ''], ['master.key', 'not base64!'], ['master.key', Buffer.alloc(31).toString('base64')], ['master.key', Buffer.alloc(33).toString('base64')],
    ['operator.token', ''], ['operator.token', 'two words'],
  ];
  for (const [name, content] of damaged) {
    it(`stop the start when ${name} holds ${content === '' ? 'nothing' : JSON.stringify(content)}, and are left as they are`, () => {
      mkdirSync(dataDir, { recursive: true });
      writeFileSync(join(dataDir, name), content);
      expect(() => installationSecrets(dataDir, NOTHING)).to.throw(ConfigError, /is damaged.*; accepted (is|are) /);
      expect(readFileSync(join(dataDir, name), 'utf8')).to.equal(content);
    });
  }

  it('say so when the directory cannot be made', () => {
    writeFileSync(join(directory.path, 'file'), '');
    expect(() => installationSecrets(join(directory.path, 'file', 'data'), NOTHING)).to.throw(ConfigError, /^DATA_DIR .* cannot be created \(\w+\); accepted is /);
  });

  it('say so, and soon, when the system makes no directories there (pending without Linux: needs /proc)', function proc() {
    if (!existsSync('/proc/self')) this.skip();
    // In a process of its own: a loop inside a system call's wrapper would hang the tests.
    const module = new URL('../../../infrastructure/runtime/installation-files.ts', import.meta.url).href;
    const code = `import { installationSecrets } from ${JSON.stringify(module)};\ninstallationSecrets('/proc/foo/data', { masterKey: undefined, operatorToken: undefined });`;
    const { stderr, signal } = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', code], { timeout: 5_000, encoding: 'utf8' });
    expect(signal).to.equal(null);
    expect(stderr).to.match(/ConfigError: DATA_DIR "\/proc\/foo\/data" cannot be created \(\w+\); accepted is /);
  });

  it('stop the start when there is data and its master key is gone, and nothing is written', () => {
    installationSecrets(dataDir, { masterKey: new Uint8Array(32), operatorToken: 'given-token' });
    writeFileSync(join(dataDir, 'events.db'), '');
    expect(() => installationSecrets(dataDir, NOTHING)).to.throw(ConfigError, `${join(dataDir, 'master.key')} is missing, and the data there is sealed with it: put it back, or set MASTER_KEY`);
    expect(readdirSync(dataDir)).to.deep.equal(['events.db']);
    expect(installationSecrets(dataDir, { ...NOTHING, masterKey: new Uint8Array(32) }).operatorToken, 'a new token may be made').to.match(/^op_/);
  });

  it('come out the same for processes that start at once', async () => {
    const script = join(directory.path, 'start.mjs');
    const module = new URL('../../../infrastructure/runtime/installation-files.ts', import.meta.url).href;
    writeFileSync(script, `import { installationSecrets } from ${JSON.stringify(module)};\nconst { masterKey, operatorToken } = installationSecrets(process.argv[2], { masterKey: undefined, operatorToken: undefined });\nprocess.send([Buffer.from(masterKey).toString('hex'), operatorToken]);\n`);
    const children = Array.from({ length: 4 }, () => fork(script, [dataDir], { execArgv: ['--disable-warning=ExperimentalWarning'] }));
    const answers = await Promise.all(children.map(async (child) => JSON.stringify((await once(child, 'message'))[0])));
    expect(new Set(answers).size).to.equal(1);
  });
});
