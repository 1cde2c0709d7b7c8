/** The README's tour, over the real command line: from an empty folder to an executable that an outside tool verifies. */
import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withoutEngines } from '../support/environment.ts';
import { root } from '../support/source-files.ts';
import { requireTool } from '../support/pending.ts';
import { startApp, type App } from '../support/app.ts';

type Ran = Readonly<{ code: number | null; out: string; err: string }>;

const run = (command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: { ...withoutEngines(), ...env }, cwd: root });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });

describe('the tour', () => {
  let app: App;
  let env: Record<string, string>;
  const chancery = async (...args: readonly string[]): Promise<string> => {
    const { code, out, err } = await run(process.execPath, ['--disable-warning=ExperimentalWarning', 'api/cli/main.ts', ...args], env);
    expect(code, err).to.equal(0);
    return out.trim();
  };

  before(async () => {
    app = await startApp();
    env = { CHANCERY_URL: app.url, DATA_DIR: app.dataDir, OPERATOR_TOKEN: '' };
  });
  after(() => app.close());

  it('ends with a signed executable, its operation in the list and in the CSV, also after a restart', async function () {
    requireTool(this, 'osslsigncode', 'Debian package osslsigncode');
    const file = (name: string): string => join(app.dataDir, name);
    await chancery('tenant', 'create', '--slug', 'acme', '--name', 'Acme Corp', '--owner-email', 'owner@acme.example', '--plan', 'qwick-cert=pro');
    const secret = await chancery('credential', 'create', '--tenant', 'acme', '--surface', 'qwick-cert', '--name', 'tour', '--permission', 'sign', '--permission', 'read_audit', '--secret-only');
    env.QWICK_TOKEN = secret;
    await chancery('codesign', '--sample', file('hello.exe'));
    await chancery('codesign', file('hello.exe'), '--org', 'acme', '--out', file('signed.exe'));
    writeFileSync(file('root.pem'), (await app.ask('GET', '/qwick-cert/pki/root.pem')).text);
    const verified = await run('osslsigncode', ['verify', '-CAfile', file('root.pem'), '-TSA-CAfile', file('root.pem'), '-in', file('signed.exe')]);
    expect(verified.out).to.include('Signature verification: ok').and.to.include('Timestamp Server Signature verification: ok');
    expect(verified.code).to.equal(0);

    const listed = async () => (await app.ask('GET', '/qwick-cert/api/v1/signing-operations?organization_slug=acme', { token: secret })).json() as { data: { items: { file_name: string }[] } };
    const before = (await listed()).data;
    expect(before.items.map(({ file_name }) => file_name)).to.deep.equal(['hello.exe']);
    const csv = await app.ask('GET', '/qwick-cert/api/v1/signing-operations/export?organization_slug=acme', { token: secret });
    expect(csv.text.split('\r\n')[1]).to.match(/,hello\.exe,1536,completed,cli,owner@acme\.example,/);
    await app.restart();
    expect((await listed()).data).to.deep.equal(before);
    expect(readFileSync(file('hello.exe')).length).to.be.lessThan(readFileSync(file('signed.exe')).length);
  });
});
