/** Who asks is judged when the whole request is there, not when its head came. */
import { expect } from 'chai';
import { once } from 'node:events';
import { connect } from 'node:net';
import Type from 'typebox';
import { defineRoute, type Route } from '../../../api/kernel/route.ts';
import { Rejection } from '../../../domain/kernel/rejection.ts';
import { serve, testSurface, type Running, type TestPrincipal } from './support.ts';

const asBefore = (principal: TestPrincipal): TestPrincipal => principal;

describe('kernel: somebody who changes while their body is on its way', () => {
  let running: Running;
  let judge = asBefore;
  const handled: TestPrincipal[] = [];
  const route: Route<TestPrincipal> = defineRoute<TestPrincipal, undefined, undefined, ReturnType<typeof Type.Object>>({
    method: 'POST', path: '/things', operationId: 'create', summary: 's', permission: 'write', body: Type.Object({}),
    replies: { 204: { description: 'done' } },
    handle: async ({ principal }) => {
      handled.push(principal);
      return { status: 204 };
    },
  });
  let rated: PromiseWithResolvers<void> = Promise.withResolvers();
  before(async () => {
    running = await serve([testSurface([route], {
      rate: () => { rated.resolve(); return undefined; },
      current: async (principal) => judge(principal),
    })]);
  });
  after(() => running.close());
  beforeEach(() => {
    handled.length = 0;
    judge = asBefore;
    rated = Promise.withResolvers();
  });

  /** Sends all but the last byte, lets the world change once the head has been judged, and sends the rest. */
  const slowly = async (change: () => void, extra = ''): Promise<number> => {
    const socket = connect(running.port, '127.0.0.1');
    let text = '';
    socket.setEncoding('latin1').on('data', (piece: string) => { text += piece; });
    socket.write(`POST /tiny/things HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer all\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n${extra}\r\n{`);
    await rated.promise;
    change();
    socket.write('}');
    await once(socket, 'close');
    return Number(/^HTTP\/1\.1 (\d{3})/u.exec(text)?.[1]);
  };

  for (const extra of ['', 'Idempotency-Key: slow\r\n']) {
    it(`is refused when they may no longer come in${extra && ', with an Idempotency-Key'}`, async () => {
      expect(await slowly(() => { judge = () => { throw new Rejection('test.unauthenticated'); }; }, extra)).to.equal(401);
      expect(handled).to.deep.equal([]);
    });

    it(`is refused when they may no longer do this${extra && ', with an Idempotency-Key'}`, async () => {
      expect(await slowly(() => { judge = (principal) => ({ ...principal, rights: [] }); }, extra)).to.equal(403);
      expect(handled).to.deep.equal([]);
    });
  }

  it('reaches the handler as they are now', async () => {
    expect(await slowly(() => { judge = (principal) => ({ ...principal, rights: ['write', 'newly'] }); })).to.equal(204);
    expect(handled[0]?.rights).to.deep.equal(['write', 'newly']);
  });
});
