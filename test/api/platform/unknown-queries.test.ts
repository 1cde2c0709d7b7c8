/** What nobody knows is not passed over: a misspelt filter would be answered with everything. */
import { expect } from 'chai';
import { servedSurfaces } from '../../../api/composition/surfaces.ts';
import type { Route } from '../../../api/kernel/route.ts';
import { createTenant, startApp, type App } from '../../support/app.ts';

const UUID = '0198c0de-0000-7000-8000-00000000000a';
/** Parameters of paths that are no UUID. */
const IN_PATHS: Readonly<Record<string, string>> = { slug: 'asking', type: 'chancery.x', name: 'x', delivery_id: 'msg_x', key_id: 'default', serial: '0a', surface: 'quantum-lock', version: '1' };

describe('platform: query parameters that there are not', () => {
  let app: App;
  let routes: readonly Pick<Route, 'method' | 'path' | 'operationId' | 'body'>[];
  before(async () => {
    app = await startApp();
    await createTenant(app, 'asking');
    routes = servedSurfaces(app.program.container).find(({ name }) => name === 'platform')?.routes ?? [];
  });
  after(() => app.close());

  it('are refused by their names, on every route', async () => {
    const passed: string[] = [];
    for (const { method, path, operationId, body } of routes) {
      const filled = path.replaceAll(/:([^/]+)/g, (_all, name: string) => IN_PATHS[name] ?? UUID);
      const answered = await app.ask(method, `/platform${filled}?bogus=1`, { token: app.operatorToken, ...(body && { body: {} }) });
      const { fields } = answered.json() as Readonly<{ fields?: Readonly<Record<string, string>> }>;
      if (answered.status !== 400 || fields?.['bogus'] !== 'is not known') passed.push(`${operationId}: ${answered.status} ${answered.text.slice(0, 200)}`);
    }
    expect(routes.length).to.be.greaterThan(60);
    expect(passed).to.deep.equal([]);
  });

  it('are refused where another route knows them', async () => {
    const answered = await app.ask('GET', '/platform/v1/tenants/asking/events?tenant=other', { token: app.operatorToken });
    expect([answered.status, (answered.json() as { fields: object }).fields]).to.deep.equal([400, { tenant: 'is not known' }]);
  });
});
