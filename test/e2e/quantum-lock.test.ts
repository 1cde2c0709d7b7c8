/** The examples of QuantumLock's reference, by the real curl and the surface's own host name: as they stand there, but for scheme, key and license. */
import { expect } from 'chai';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { withoutEngines } from '../support/environment.ts';
import { createTenant, startApp, type App } from '../support/app.ts';
import { requireTool } from '../support/pending.ts';

const HOST = 'quantumlock.softquantus.com';

const GENERATE = `curl -X POST "https://${HOST}/api/v1/licenses/generate" \\
-H "X-API-Key: qlk_your_api_key" \\
-H "Content-Type: application/json" \\
-d '{
"end_customer_id": "user@acmecorp.com",
"features": ["premium", "api_access", "analytics"],
"valid_days": 365,
"metadata": {"company": "Acme Corp"}
}'`;
const VALIDATE = `curl -X POST "https://${HOST}/api/v1/licenses/validate" \\
-H "X-API-Key: qlk_your_api_key" \\
-H "Content-Type: application/json" \\
-d '{
"license_key": "QCOS-41FB-639F-C30B-14E3-6342-7B3E-6426-9320",
"end_customer_id": "user@acmecorp.com"
}'`;
const LIST = `curl "https://${HOST}/api/v1/licenses?page=1&per_page=20&status_filter=active" \\
-H "X-API-Key: qlk_your_api_key"`;
const DETAILS = `curl "https://${HOST}/api/v1/licenses/QCOS-41FB-639F-C30B-14E3-6342-7B3E-6426-9320" \\
-H "X-API-Key: qlk_your_api_key"`;
const REVOKE = `curl -X POST "https://${HOST}/api/v1/licenses/QCOS-41FB-639F-C30B-14E3-6342-7B3E-6426-9320/revoke" \\
-H "X-API-Key: qlk_your_api_key" \\
-H "Content-Type: application/json" \\
-d '{"reason": "Customer cancelled subscription"}'`;
const REVOCATIONS = `curl "https://${HOST}/api/v1/revocations?since=2025-06-01T00:00:00Z" \\
-H "X-API-Key: qlk_your_api_key"`;
const EXAMPLE_KEY = 'QCOS-41FB-639F-C30B-14E3-6342-7B3E-6426-9320';

const shell = (command: string, home: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn('sh', ['-c', command], { env: { ...withoutEngines(), CURL_HOME: home, no_proxy: '*' }, stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.on('error', reject);
    child.on('close', () => resolve(out));
  });

const exampleOf = (path: string): string => `curl "https://${HOST}${path}" -H "X-API-Key: qlk_your_api_key"`;

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/u;

describe('the examples of QuantumLock\'s reference', function suite() {
  this.timeout(30_000);
  let app: App;
  let key: string;
  let licence = EXAMPLE_KEY;
  before(async function start() {
    requireTool(this, 'curl', 'Debian package curl');
    app = await startApp();
    await createTenant(app, 'acme-corp');
    const made = await app.ask('POST', '/platform/v1/tenants/acme-corp/credentials', { token: app.operatorToken, body: { surface: 'quantum-lock', name: 'examples' } });
    key = (made.json() as { secret: string }).secret;
    const { port } = new URL(app.url);
    writeFileSync(join(app.dataDir, '.curlrc'), `silent\nshow-error\nconnect-to = "${HOST}:${port}:127.0.0.1:${port}"\nwrite-out = "\\n%{http_code}"\n`);
  });
  after(async () => app?.close());

  const run = async (example: string): Promise<Readonly<{ status: number; json: any }>> => { // oxlint-disable-line typescript/no-explicit-any -- tests look where they like
    const command = example.replace(`https://${HOST}`, `http://${HOST}:${new URL(app.url).port}`).replace('qlk_your_api_key', key).replace(EXAMPLE_KEY, licence);
    const out = await shell(command, app.dataDir);
    const end = out.lastIndexOf('\n');
    return { status: Number(out.slice(end)), json: JSON.parse(out.slice(0, end)) };
  };

  it('generate', async () => {
    const { status, json } = await run(GENERATE);
    expect(status).to.equal(201);
    expect(Object.keys(json)).to.deep.equal(['license_key', 'quantum_signature', 'end_customer_id', 'features', 'valid_until', 'quantum_verified', 'qcos_fidelity', 'security_level', 'generated_at']);
    expect(json).to.deep.include({ end_customer_id: 'user@acmecorp.com', features: ['premium', 'api_access', 'analytics'], quantum_verified: true, security_level: 'Quantum-QCOS-16Q' });
    expect(json.license_key).to.match(/^QCOS(-[0-9A-F]{4}){8}$/u);
    expect([json.generated_at, json.valid_until].every((at) => TIME.test(at))).to.equal(true);
    expect(Date.parse(`${json.valid_until}Z`) - Date.parse(`${json.generated_at}Z`)).to.equal(365 * 86_400_000);
    licence = json.license_key;
  });

  it('validate', async () => {
    expect(await run(VALIDATE)).to.deep.equal({ status: 200, json: { valid: true, end_customer_id: 'user@acmecorp.com', quantum_verified: true, message: 'License valid' } });
  });

  it('list', async () => {
    const { status, json } = await run(LIST);
    expect([status, json.total, json.page, json.per_page, json.total_pages]).to.deep.equal([200, 1, 1, 20, 1]);
    expect(Object.keys(json)).to.deep.equal(['licenses', 'total', 'page', 'per_page', 'total_pages']);
    expect(Object.keys(json.licenses[0])).to.deep.equal(['id', 'license_key', 'end_customer_id', 'features', 'valid_until', 'created_at', 'status', 'revoked']);
    expect(json.licenses[0]).to.deep.include({ id: 1, license_key: licence, status: 'active', revoked: false });
  });

  it('details', async () => {
    const { status, json } = await run(DETAILS);
    expect(status).to.equal(200);
    expect(Object.keys(json)).to.deep.equal([
      'id', 'license_key', 'end_customer_id', 'features', 'valid_until', 'created_at', 'quantum_signature', 'qcos_fidelity', 'status', 'revoked', 'revoked_at', 'revoked_reason',
    ]);
    expect(json.qcos_fidelity).to.match(/^0\.98\d\d$/u);
  });

  it('revoke, and what validate says from then on', async () => {
    const { status, json } = await run(REVOKE);
    expect([status, TIME.test(json.revoked_at)]).to.deep.equal([200, true]);
    expect(json).to.deep.equal({ success: true, license_key: licence, revoked_at: json.revoked_at, reason: 'Customer cancelled subscription', message: 'License revoked successfully' });
    expect(await run(REVOKE)).to.deep.equal({ status: 400, json: { detail: 'License already revoked' } });
    expect((await run(VALIDATE)).json).to.deep.include({ valid: false, message: 'License revoked' });
  });

  it('revocations', async () => {
    const { status, json } = await run(REVOCATIONS);
    expect([status, json.revoked_ids, json.count, TIME.test(json.timestamp)]).to.deep.equal([200, [licence], 1, true]);
  });

  it('account, statistics, plans, health and root, which have no example but a path', async () => {
    const account = await run(exampleOf('/api/v1/customers/me'));
    expect(Object.keys(account.json)).to.deep.equal(['id', 'name', 'email', 'company_name', 'plan', 'max_licenses_month', 'licenses_used_month', 'created_at', 'email_verified']);
    expect((await run(exampleOf('/api/v1/stats'))).json).to.deep.equal({ licenses_generated_month: 1, licenses_remaining_month: 99, plan: 'free', max_licenses_month: 100 });
    expect((await run(exampleOf('/api/v1/plans'))).json.map(({ name }: { name: string }) => name)).to.deep.equal(['Free', 'Startup', 'Business', 'Enterprise']);
    expect((await run(exampleOf('/health'))).json).to.deep.include({ status: 'healthy', service: 'QuantumLock API', qcos_available: true });
    expect((await run(exampleOf('/'))).json).to.deep.include({ service: 'QuantumLock™ API', docs: '/docs' });
  });
});
