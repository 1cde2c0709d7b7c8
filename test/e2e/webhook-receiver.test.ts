/** The README's receiver, as it stands there, is sent the code signatures of last week. */
import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { withoutEngines } from '../support/environment.ts';
import { createCredential, createTenant, startApp } from '../support/app.ts';
import { closing } from '../support/leavings.ts';
import { root } from '../support/source-files.ts';
import { signBody } from '../reliability/world.ts';
import { freePort } from '../../scripts/engines-support/free-port.ts';

const RECEIVER = /```js\n(import \{ createServer \}[\s\S]*?)```/.exec(readFileSync(join(root, 'README.md'), 'utf8'))?.[1] ?? '';

const startReceiver = async (secret: string, port: number) => {
  // It says nothing before it is sent something.
  const ready = 'console.log("ready");';
  const child = spawn(process.execPath, ['--input-type=module', '-e', RECEIVER.replace("'127.0.0.1')", `'127.0.0.1', () => { ${ready} })`)], {
    cwd: root, env: { ...withoutEngines(), SECRET: secret, RECEIVER_PORT: String(port) }, stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (more: string) => { said += more; });
  const until = async (text: string): Promise<string> => {
    while (!said.includes(text)) await once(child.stdout, 'data');
    return said;
  };
  await until('ready');
  return { until, close: closing(async () => {
    const closed = once(child, 'close');
    child.kill();
    await closed;
  }) };
};

describe('the receiver of the README', () => {
  it('has ten lines, and verifies a signed event of a code signature of last week', async function test() {
    this.timeout(20_000);
    expect(RECEIVER.trim().split('\n').length).to.be.at.most(10);
    const port = await freePort();
    const app = await startApp({ env: { OUTBOUND_ALLOW: `127.0.0.1:${port}` } });
    const tenant = await createTenant(app, 'told');
    const { secret: key } = await createCredential(app, tenant);
    expect((await app.ask('POST', '/qwick-cert/api/v1/sign-digest', { token: key, body: signBody('told', 'Installer.exe') })).status).to.equal(200);
    const ask = async (path: string, body: object) => (await app.ask('POST', `/platform/v1/tenants/told/webhooks${path}`, { token: app.operatorToken, body })).json() as Readonly<Record<string, string>>;
    const { id, secret = '' } = await ask('', { url: `http://127.0.0.1:${port}/`, types: ['chancery.signing.operation.completed'] });
    const receiver = await startReceiver(secret, port);
    const since = new Date(performance.timeOrigin - 7 * 86_400_000).toISOString();
    expect(await ask(`/${id}/replay`, { since })).to.have.property('replay_id');
    const said = await receiver.until('certificate_serial');
    expect(said).to.match(/\d{4}-\d{2}-\d{2}T[\d:.]+Z chancery\.signing\.operation\.completed/);
    await receiver.close();
    await app.close();
  });
});
