/** Rotations as the operator starts them, over the whole program: through the API, from the command line, and by starting with another key. */
import { expect } from 'chai';
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeProtectedHeader } from 'jose';
import { resolve } from '../../../api/composition/provide.ts';
import { startProgram } from '../../../api/composition/program.ts';
import { storage } from '../../../api/composition/tokens.ts';
import { readConfig } from '../../../infrastructure/runtime/config.ts';
import { createTenant, signIn, startApp, type App, type Tenant } from '../../support/app.ts';
import { runCommand } from '../../support/cli.ts';
import { failOnFatal, silentLogger } from '../../support/silent.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const keyFile = (dataDir: string, name = 'master.key'): string => readFileSync(join(dataDir, name), 'utf8');
const key = (n: number): string => Buffer.alloc(32, n).toString('base64');

describe('key rotation by the operator', function suite() {
  this.timeout(60_000);
  let app: App;
  let acme: Tenant;
  before(async () => {
    app = await startApp();
    acme = await createTenant(app, 'acme');
  });
  after(() => app.close());

  const rotate = (...args: readonly string[]) => runCommand(['keys', 'rotate', ...args], { CHANCERY_URL: app.url, OPERATOR_TOKEN: app.operatorToken });

  it('puts another master key in the place of the present one, and the next start knows it', async () => {
    const before = keyFile(app.dataDir);
    const done = await rotate('--level', 'master');
    expect([done.code, done.err]).to.deep.equal([0, '']);
    expect([keyFile(app.dataDir, 'master.key.previous'), keyFile(app.dataDir) === before, existsSync(join(app.dataDir, 'master.key.next'))]).to.deep.equal([before, false, false]);
    await signIn(app, acme, acme.ownerEmail);
    await app.restart();
    await signIn(app, acme, acme.ownerEmail);
  });

  it('is ended by the next start when it was cut off at the files', async () => {
    await rotate('--level', 'master');
    const [present, previous] = [keyFile(app.dataDir), keyFile(app.dataDir, 'master.key.previous')];
    renameSync(join(app.dataDir, 'master.key'), join(app.dataDir, 'master.key.next'));
    renameSync(join(app.dataDir, 'master.key.previous'), join(app.dataDir, 'master.key'));
    await app.restart();
    expect([keyFile(app.dataDir), keyFile(app.dataDir, 'master.key.previous'), readdirSync(app.dataDir).includes('master.key.next')]).to.deep.equal([present, previous, false]);
    await signIn(app, acme, acme.ownerEmail);
  });

  it('gives a tenant another key, and access tokens another signature', async () => {
    expect((await rotate('--level', 'tenant', '--tenant', 'acme')).code).to.equal(0);
    const old = await signIn(app, acme, acme.ownerEmail);
    expect((await rotate('--level', 'session')).code).to.equal(0);
    const fresh = await signIn(app, acme, acme.ownerEmail);
    expect(decodeProtectedHeader(fresh).kid).not.to.equal(decodeProtectedHeader(old).kid);
    for (const token of [old, fresh]) expect((await app.ask('GET', '/platform/v1/tenants/acme/members', { token })).status).to.equal(200);
  });

  it('is refused for what it is not', async () => {
    expect((await rotate('--level', 'tenant')).code).to.equal(2);
    expect((await rotate('--level', 'tenant', '--tenant', 'nobody')).err).to.include('404');
    expect((await rotate('--level', 'galaxy')).code).to.equal(2);
    for (const body of [{ kind: 'rotate-tenant-key' }, { kind: 'backup', tenant: 'acme' }]) {
      const { fields } = (await app.ask('POST', '/platform/v1/jobs', { token: app.operatorToken, body })).json() as { fields: object };
      expect(fields).to.have.key('tenant');
    }
  });

  it('is done by starting with both keys where they are given, and told of in the log', async () => {
    const directory = temporaryDirectory();
    const start = (env: Readonly<Record<string, string>>) =>
      startProgram({ config: readConfig({ PORT: '0', LOG_LEVEL: 'silent', DATA_DIR: directory.path, OPERATOR_TOKEN: 'operator-token', ...env }), logger: silentLogger, onFatal: failOnFatal });
    const first = await start({ MASTER_KEY: key(1) });
    const refused = await runCommand(['keys', 'rotate', '--level', 'master'], { CHANCERY_URL: first.url, OPERATOR_TOKEN: 'operator-token' });
    expect([refused.code, refused.err]).to.deep.equal([1, 'chancery: the master key is given by MASTER_KEY: start again with a new one, and the present one as MASTER_KEY_PREVIOUS']);
    await first.stop();
    await (await start({ MASTER_KEY: key(2), MASTER_KEY_PREVIOUS: key(1) })).stop();
    const last = await start({ MASTER_KEY: key(2) });
    const { events } = await resolve(last.container, storage.log).feed({ types: ['EnvelopeKeyRotated'] }).pull(undefined, 10, AbortSignal.timeout(5_000));
    expect(events.map(({ data }) => (data as { level: string; version: number })).map(({ level, version }) => [level, version])).to.deep.equal([['master', 2]]);
    await last.stop();
    expect(String(await start({ MASTER_KEY: key(1) }).catch((error: unknown) => error))).to.match(/MASTER_KEY: it has been replaced/u);
    expect(readdirSync(directory.path)).not.to.include('master.key');
    directory.remove();
  });

  it('leaves the files of a rotation that was cut off to a start that goes by them, whatever is given in between', async () => {
    const directory = temporaryDirectory();
    const start = async (env: Readonly<Record<string, string>> = {}): Promise<void> => {
      const config = readConfig({ PORT: '0', LOG_LEVEL: 'silent', DATA_DIR: directory.path, OPERATOR_TOKEN: 'operator-token', ...env });
      await (await startProgram({ config, logger: silentLogger, onFatal: failOnFatal })).stop();
    };
    await start();
    const present = keyFile(directory.path);
    writeFileSync(join(directory.path, 'master.key.next'), `${key(3)}\n`);
    await start({ MASTER_KEY: present.trim() });
    expect([keyFile(directory.path), keyFile(directory.path, 'master.key.next')]).to.deep.equal([present, `${key(3)}\n`]);
    await start();
    expect([keyFile(directory.path), keyFile(directory.path, 'master.key.previous')]).to.deep.equal([`${key(3)}\n`, present]);
    directory.remove();
  });
});
