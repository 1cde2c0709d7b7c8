/** No client's address stands in any file of the data directory. */
import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTenant, startApp } from '../../support/app.ts';

const ADDRESS = '203.0.113.77';

describe('addresses at rest', () => {
  it('are in no file: not in rate windows, throttles, idempotent answers or events', async () => {
    const app = await startApp({ env: { TRUST_PROXY: '127.0.0.1' } });
    const headers = { 'x-forwarded-for': ADDRESS, 'idempotency-key': 'k' };
    const tenant = await createTenant(app, 'acme');
    const signIn = (password: string) => app.ask('POST', '/platform/v1/sessions', { headers, body: { email: tenant.ownerEmail, password } });
    expect((await signIn('wrong')).status).to.equal(401);
    expect((await signIn('plenty of words to remember 7')).status).to.equal(201);
    expect((await app.ask('POST', '/platform/v1/password-resets', { headers, body: { email: tenant.ownerEmail } })).status).to.equal(202);
    const files = readdirSync(app.dataDir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    expect(files.length).to.be.greaterThan(4);
    const contents = files.map((file) => readFileSync(file));
    await app.close();
    const holding = (text: string): readonly string[] => files.filter((_file, index) => contents[index]?.includes(text));
    for (const scope of ['login-failures', 'login-networks']) expect(holding(scope), 'the search finds what is there').to.have.length.greaterThan(0);
    expect([...holding(ADDRESS), ...holding('203.0.113.0/24')]).to.deep.equal([]);
  });
});
