/** What is kept of an answer for whoever repeats a request: sealed wherever it may name a person, lead to a receiver or show a secret. */
import { expect } from 'chai';
import { servedSurfaces } from '../../api/composition/surfaces.ts';
import type { Route } from '../../api/kernel/route.ts';
import { startApp, type App } from '../support/app.ts';

const TELLING = /(?:^|_)(?:email|secret|password|token|url|uri|key|recovery_codes|end_customer_id|header)$/u;
/** Of `key`: a public one, a licence's that is verified by itself, or none. */
const HARMLESS: ReadonlySet<string> = new Set(['public_key', 'api_key', 'schema_url']);

/** The names of all members in a schema. */
const membersOf = (schema: unknown): readonly string[] => {
  if (typeof schema !== 'object' || schema === null) return [];
  const { properties = {} } = schema as Readonly<{ properties?: object }>;
  return [...Object.keys(properties), ...Object.values(schema).flatMap(membersOf)];
};

const tellsOf = ({ replies }: Route): readonly string[] => [...new Set(Object.values(replies).flatMap(({ schema }) => membersOf(schema)))].filter((name) => TELLING.test(name) && !HARMLESS.has(name));

describe('answers that are kept for an Idempotency-Key', () => {
  let app: App;
  before(async () => {
    app = await startApp();
  });
  after(() => app.close());

  it('are kept sealed where they name people, receivers or secrets', () => {
    const telling = servedSurfaces(app.program.container).flatMap(({ name, routes }) => routes.filter((route) => route.method === 'POST' && tellsOf(route).length > 0).map((route) => ({ name, route })));
    expect(telling.length).to.be.greaterThan(15);
    const plain = telling.filter(({ route }) => route.idempotentCopy !== 'secret').map(({ name, route }) => `${name} ${route.operationId}: ${tellsOf(route).join(', ')}`);
    expect(plain).to.deep.equal([]);
  });
});
