/**
 * Promise 17 of licences: what is personal about one stands in no file of the data directory in any usual spelling, wherever it went through;
 * and once the end customer's key is destroyed, nothing that is left tells of them.
 */
import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { resolve } from '../../api/composition/provide.ts';
import { storage } from '../../api/composition/tokens.ts';
import type { SubjectId, TenantId } from '../../domain/kernel/ids.ts';
import { createTenant, startApp, type App, type Tenant } from '../support/app.ts';

const CUSTOMER = 'canary.customer@acmecorp.com';
const CANARIES = { customer: 'canary.customer', metadata: 'canary-in-the-metadata', reason: 'canary told a reason' };

/** As it may stand somewhere: as it is, in hexadecimal, and in base64 whatever stands before it. */
const spellings = (text: string): readonly string[] => {
  const bytes = Buffer.from(text, 'utf8');
  const shifted = [0, 1, 2].map((before) => Buffer.concat([Buffer.alloc(before), bytes]).toString('base64').slice(before === 0 ? 0 : 4).replace(/=+$/, '').slice(0, -2));
  return [text, bytes.toString('hex'), bytes.toString('hex').toUpperCase(), ...shifted, ...shifted.map((base64) => base64.replaceAll('+', '-').replaceAll('/', '_'))];
};

const contentsOf = (directory: string): readonly (readonly [file: string, content: Buffer])[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => [entry.name, readFileSync(join(entry.parentPath, entry.name))] as const);

/** `<file>: <what>` for everything that is found. */
const found = (app: App, texts: Readonly<Record<string, string>>): readonly string[] => {
  const contents = contentsOf(app.dataDir);
  return Object.entries(texts).flatMap(([what, text]) =>
    contents.filter(([, content]) => spellings(text).some((spelling) => content.includes(spelling))).map(([file]) => `${file}: ${what}`));
};

type Generated = Readonly<{ license_key: string; quantum_signature: string }>;

describe('promise 17: what is personal about a licence', function suite() {
  this.timeout(30_000);
  let app: App;
  let tenant: Tenant;
  let key: string;
  let licence: Generated;

  const lock = async (method: string, path: string, body?: object) =>
    app.ask(method, `/quantum-lock/api/v1/${path}`, { headers: { 'x-api-key': key, 'idempotency-key': `once ${path}`.replaceAll(/[^a-z]/g, '-') }, ...(body !== undefined && { body }) });

  before(async () => {
    app = await startApp();
    tenant = await createTenant(app, 'acme');
    const made = await app.ask('POST', '/platform/v1/tenants/acme/credentials', { token: app.operatorToken, body: { surface: 'quantum-lock', name: 'k' } });
    key = (made.json() as { secret: string }).secret;
    const generated = await lock('POST', 'licenses/generate', { end_customer_id: CUSTOMER, metadata: { note: CANARIES.metadata }, features: ['canary-feature'] });
    licence = generated.json() as Generated;
    const asked = { license_key: licence.license_key, end_customer_id: CUSTOMER };
    expect([generated.status, (await lock('POST', 'licenses/validate', asked)).status]).to.deep.equal([201, 200]);
    expect((await lock('POST', `licenses/${licence.license_key}/revoke`, { reason: CANARIES.reason })).status).to.equal(200);
    expect((await lock('GET', 'licenses')).text).to.include(CUSTOMER);
    expect((await lock('GET', `licenses/${licence.license_key}`)).text).to.include(CANARIES.reason);
  });
  after(async () => app.close());

  it('stands in no file: not in events, read models, idempotent answers or logs of writes', () => {
    expect(found(app, { key: licence.license_key, feature: 'canary-feature' }), 'the search finds what is there').to.include.members(['events.db-wal: key', 'read-models.db-wal: feature']);
    expect(found(app, { ...CANARIES, signature: licence.quantum_signature })).to.deep.equal([]);
  });

  it('the search finds what is spelled in another way', () => {
    for (const [number, spelling] of spellings(CANARIES.metadata).entries()) {
      const text = `{"a":"${'x'.repeat(number % 3)}${spelling}"}`;
      expect(spellings(CANARIES.metadata).some((each) => text.includes(each))).to.equal(true);
    }
    const base64 = [0, 1, 2].map((before) => Buffer.from(`${'x'.repeat(before)}${CANARIES.metadata} and more`).toString('base64'));
    for (const text of base64) expect(spellings(CANARIES.metadata).some((each) => text.includes(each)), text).to.equal(true);
  });

  it('is gone with the key of the end customer, also after a restart', async () => {
    const personalData = resolve(app.program.container, storage.personalData);
    const subject = await personalData.find(tenant.id as TenantId, CUSTOMER);
    await resolve(app.program.container, storage.vault).destroy(subject as SubjectId);
    for (const restarted of [false, true]) {
      if (restarted) await app.restart();
      expect((await lock('GET', `licenses/${licence.license_key}`)).json()).to.include({ end_customer_id: null, quantum_signature: null, revoked_reason: null, revoked: true });
      const asked = await app.ask('POST', '/quantum-lock/api/v1/licenses/validate', { headers: { 'x-api-key': key }, body: { license_key: licence.license_key, end_customer_id: CUSTOMER } });
      expect(asked.json()).to.include({ valid: false, message: 'License not found or does not match end-customer ID' });
    }
  });
});
