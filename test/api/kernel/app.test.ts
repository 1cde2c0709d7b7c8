/** The pipeline from outside: routing, identity, validation, permission, rendering. */
import { expect } from 'chai';
import Type from 'typebox';
import { defineRoute } from '../../../api/kernel/route.ts';
import { Rejection } from '../../../domain/kernel/rejection.ts';
import { ask, serve, testSurface, type Running, type TestPrincipal } from './support.ts';

const Thing = Type.Object({ name: Type.String({ minLength: 1 }), size: Type.Optional(Type.Integer({ minimum: 0 })), kind: Type.Optional(Type.Union([Type.Literal('a'), Type.Literal('b')])) });
const replies = { 200: { description: 'ok' } };
const common = { summary: 's', permission: 'read', replies } as const;

const routes = [
  defineRoute<TestPrincipal, ReturnType<typeof Type.Object>>({ ...common, method: 'GET', path: '/things/:id', operationId: 'get', params: Type.Object({ id: Type.String({ format: 'uuid' }) }), handle: async ({ params }) => ({ status: 200, body: params }) }),
  defineRoute<TestPrincipal>({ ...common, method: 'GET', path: '/things/export', operationId: 'export', handle: async () => ({ status: 200, body: 'export' }) }),
  defineRoute({ ...common, method: 'POST', path: '/things', operationId: 'create', permission: 'write', body: Thing, handle: async ({ body }: { body: unknown }) => ({ status: 201, body }) }),
];

describe('kernel: routes', () => {
  let running: Running;
  before(async () => { running = await serve([testSurface(routes)]); });
  after(() => running.close());

  it('serves', async () => {
    const a = await ask(running, 'GET', '/tiny/things/export');
    expect(a.status).to.equal(200);
    expect(a.json.data).to.equal('export');
    const b = await ask(running, 'POST', '/tiny/things', { body: { name: 'x', other: 1 } });
    expect(b.json).to.deep.include({ data: { name: 'x' } });
    const c = await ask(running, 'POST', '/tiny/things', { body: { size: -1, kind: 'c' } });
    expect(new Rejection('x')).to.be.an('error');
  });
});
