/** What holds for every command: its version, its failures as JSON, and what a start tells. */
import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { withoutEngines } from '../../support/environment.ts';
import { banner, bannerJson, type Started } from '../../../api/cli/banner.ts';
import { ROLES } from '../../../infrastructure/runtime/config.ts';
import { runCommand } from '../../support/cli.ts';
import { root } from '../../support/source-files.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const config: Started['config'] = { dataDir: resolve('data'), mailServer: undefined, eventStoreUrl: undefined, mongoUrl: undefined, kafkaBrokers: [], roles: ROLES };
const started = (more: Partial<Started> = {}): Started => ({ url: 'http://127.0.0.1:8080', operatorTokenFile: './data/operator.token', config, ...more });

describe('chancery', () => {
  it('says its version', async () => {
    const { version } = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8')) as { version: string };
    expect(await runCommand(['--version'])).to.deep.equal({ code: 0, out: version, err: '' });
  });

  it('says failures as JSON where JSON is asked for, with the same exit code', async () => {
    const directory = temporaryDirectory();
    expect(await runCommand(['restore', '/nope', '--json'], { DATA_DIR: directory.path })).to.deep.equal({ code: 1, out: '', err: '{"error":"/nope does not exist"}' });
    directory.remove();
    const usage = await runCommand(['tenant', 'create', '--json']);
    expect([usage.code, usage.out, JSON.parse(usage.err)]).to.deep.equal([2, '', { error: "required option '--slug <slug>' not specified" }]);
    const neither = await runCommand(['backup', '--json']);
    expect([neither.code, JSON.parse(neither.err)]).to.deep.equal([2, { error: 'name one of --out FILE and --keys FILE' }]);
    expect((await runCommand(['tenant', 'create'])).err).to.equal("error: required option '--slug <slug>' not specified");
  });

  it('says why a start fails, as JSON too', async () => {
    const text = await runCommand(['serve'], { PORT: 'abc' });
    expect([text.code, text.out]).to.deep.equal([2, '']);
    expect(text.err).to.match(/^chancery: PORT has the wrong value/);
    const json = await runCommand(['serve', '--json'], { PORT: 'abc' });
    expect([json.code, json.out, Object.keys(JSON.parse(json.err) as object)]).to.deep.equal([2, '', ['error']]);
  });

  it('tells in one line of JSON where it listens, and ends when it is told to', async function serving() {
    this.timeout(30_000);
    const directory = temporaryDirectory();
    const env = { ...withoutEngines(), PORT: '0', DATA_DIR: directory.path, LOG_LEVEL: 'error', MASTER_KEY: '', OPERATOR_TOKEN: '' };
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', 'api/cli/main.ts', 'serve', '--json'], { env, cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
    const told = JSON.parse(line) as { url: string; data_dir: string; operator_token_file: string; surfaces: readonly { name: string }[] };
    expect(told).to.include({ data_dir: directory.path, operator_token_file: `${directory.path}/operator.token` });
    expect(told.surfaces.map(({ name }) => name)).to.deep.equal(['qwick-cert', 'quantum-lock', 'platform']);
    expect((await fetch(`${told.url}/healthz`)).status).to.equal(200);
    child.kill('SIGTERM');
    expect((await once(child, 'exit'))[0]).to.equal(0);
    directory.remove();
  });
});

describe('the banner', () => {
  it('has one example for each surface, as they are where everything is where commands look for it', () => {
    const text = banner(started());
    for (const surface of ['platform', 'qwick-cert', 'quantum-lock']) expect(text.split(`\n  ${surface} `).length - 1, surface).to.equal(1);
    expect(text).to.not.contain('first');
  });

  it('says first what commands must be told of another port or directory', () => {
    const elsewhere = started({ url: 'http://127.0.0.1:9090', config: { ...config, dataDir: "/srv/it's data" } });
    expect(banner(elsewhere)).to.contain("Try it, in another shell in this folder:\n  first         export CHANCERY_URL=http://127.0.0.1:9090 DATA_DIR='/srv/it'\\''s data'\n  platform ");
    expect(banner(started({ url: 'http://127.0.0.1:9090' }))).to.contain('  first         export CHANCERY_URL=http://127.0.0.1:9090\n');
    expect(banner(started({ operatorTokenFile: undefined }))).to.contain('  first         export OPERATOR_TOKEN, as it was given here\n');
  });

  it('names the engines that carry the program, and nothing else of their connection strings', () => {
    expect(banner(started())).to.match(/^  engines {9}events, read models, state: embedded SQLite; bus: in-process; mail: files in \S+outbox$/m);
    const carried = { ...config, eventStoreUrl: 'esdb+discover://me:secret@one:2113,two?tls=true&x=1', mongoUrl: 'mongodb://me:sec%40ret@[::1]:27017/chancery?replicaSet=a', kafkaBrokers: ['three:9092', 'four:9092'] };
    const engines = { events: 'EventStoreDB at one:2113,two', read_models: 'MongoDB at [::1]:27017', state: 'MongoDB at [::1]:27017', bus: 'Kafka at three:9092,four:9092' };
    expect(banner(started({ config: carried }))).to.contain(`  engines         events: ${engines.events}; read models, state: ${engines.state}; bus: ${engines.bus}; mail: `);
    expect(bannerJson(started({ config: carried }))).to.have.property('engines').that.includes(engines);
    // A start takes this one.
    expect(banner(started({ config: { ...config, eventStoreUrl: 'esdb://me:pass/word@one:2113?tls=false' } }))).to.contain('events: EventStoreDB at one:2113;');
    expect(banner(started({ config: { ...config, mongoUrl: 'mongodb://one/chancery' } }))).to.contain('  engines         events: embedded SQLite; read models, state: MongoDB at one; bus: in-process;');
  });

  it('offers nothing to try where nothing is answered', () => {
    const text = banner(started({ config: { ...config, roles: ['projector', 'relay'] } }));
    expect(text).to.contain('\n  roles           projector, relay\n').and.not.contain('Try it').and.not.contain('surfaces');
    expect(bannerJson(started({ config: { ...config, roles: ['relay'] } }))).to.deep.include({ roles: ['relay'], surfaces: [] });
    expect(banner(started())).to.not.contain('roles');
  });
});
