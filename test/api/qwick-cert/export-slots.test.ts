/** Two exports of an organization at once, and a place that comes back however one of them ends. */
import { connect, type Socket } from 'node:net';
import { expect } from 'chai';
import type { ReadModel } from '../../../application/kernel/read-models.ts';
import type { TenantId } from '../../../domain/kernel/ids.ts';
import { Rejection } from '../../../domain/kernel/rejection.ts';
import { createQwickCertSurface, type QwickCertDeps } from '../../../api/qwick-cert/surface.ts';
import type { OperationDocument } from '../../../projections/signing/operations.ts';
import { person, qwickPlan, tenantView, USER } from '../../support/signing.ts';
import { ask, serve, type Running } from '../kernel/support.ts';

const document: OperationDocument = {
  id: '1', actorUserId: USER, fileName: 'a.exe', fileSize: 1, fileHash: '', digestAlgorithm: 'sha256', status: 'completed', awaitsResult: false, source: 'api',
  clientChannel: null, clientVersion: null, batchId: null, signedAt: null, createdAt: '2026-03-09T14:23:42.100Z',
};
const plans = qwickPlan({ plan: 'enterprise', limits: { requestsPerMinute: 1_000_000 } });
/** By access token, which is the slug. */
const people = Object.fromEntries(
  ['acme', 'other'].map((slug, index) => [slug, person({ tenant: tenantView({ id: `019aa5c4-6f00-7000-8000-0000000000f${index}` as TenantId, slug, plans }) })]),
);
const pathOf = (slug: string): string => `/qwick-cert/api/v1/signing-operations/export?organization_slug=${slug}`;

describe('exports at once', function suite() {
  this.timeout(20_000);
  let running: Running;
  let recorded: string[];
  let record: () => Promise<void>;
  let most: number;
  const sockets: Socket[] = [];

  const documents = async function* stream(): AsyncIterable<OperationDocument> {
    const mine = most;
    for (let made = 0; made < mine; made += 1) yield document;
  };

  before(async () => {
    const surface = createQwickCertSurface({
      access: { session: async (token: string) => people[token], current: async <Known>(known: Known) => known },
      reader: { open: async () => ({ stream: documents }) as unknown as ReadModel<OperationDocument>, serving: (definition: object) => definition },
      members: { addressBook: async () => async () => new Map() },
      recordExport: async ({ tenant }: Readonly<{ tenant: Readonly<{ slug: string }> }>) => { await record(); recorded.push(tenant.slug); },
    } as unknown as QwickCertDeps);
    running = await serve([surface], { streamStallMs: 300 });
  });
  after(() => running.close());
  beforeEach(() => {
    recorded = [];
    record = async () => undefined;
    most = Infinity;
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    most = 1;
    await untilFree();
  });

  const get = (slug = 'acme', method = 'GET') => ask(running, method, pathOf(slug), { as: slug });
  /** Everything has come back when two are let in again. */
  const untilFree = async (): Promise<void> => {
    for (;;) {
      const both = await Promise.all([get(), get()]);
      if (both.every(({ status }) => status === 200)) return;
    }
  };
  /** An export that has begun and goes on. */
  const begin = async (read = true): Promise<Socket> => {
    const socket = connect(running.port, '127.0.0.1');
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.write(`GET ${pathOf('acme')} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer acme\r\n\r\n`);
    await new Promise((resolve) => { socket.once('data', resolve); });
    if (read) socket.resume();
    else socket.pause();
    return socket;
  };

  it('are two: the third is told to come back, leaves no trace, and is nobody else\'s matter', async () => {
    await begin();
    await begin();
    const { status, headers, json } = await get();
    expect([status, headers.get('retry-after'), json.error.code, json.error.details]).to.deep.equal([429, '5', 'QWICK_API_604', { retry_after: 5 }]);
    expect(recorded).to.deep.equal(['acme', 'acme']);
    most = 1;
    expect((await get('other')).status).to.equal(200);
  });

  const ends: Readonly<Record<string, () => Promise<unknown>>> = {
    'complete': async () => { most = 3; return Promise.all([get(), get()]); },
    'cut off by a client that goes': async () => { for (const socket of [await begin(), await begin()]) socket.destroy(); },
    'cut off from a client that reads nothing': async () => { await Promise.all([begin(false), begin(false)]); most = 1; return untilFree(); },
    'asked for its head only': () => Promise.all([get('acme', 'HEAD'), get('acme', 'HEAD')]),
    'not recorded': async () => {
      record = () => Promise.reject(new Rejection('storage.unavailable'));
      expect((await get()).status).to.equal(503);
      expect((await get()).status).to.equal(503);
      record = async () => undefined;
    },
    'asked for by somebody who has gone before it began': async () => {
      most = 1;
      const entered = Promise.withResolvers<void>();
      const goOn = Promise.withResolvers<void>();
      record = async () => { entered.resolve(); await goOn.promise; };
      const abort = new AbortController();
      const gone = fetch(`${running.url}${pathOf('acme')}`, { headers: { authorization: 'Bearer acme' }, signal: abort.signal }).catch(() => undefined);
      await entered.promise;
      abort.abort();
      await gone;
      goOn.resolve();
    },
  };
  for (const [how, end] of Object.entries(ends)) {
    it(`make room again when one is ${how}`, async () => {
      await end();
      most = 1;
      await untilFree();
    });
  }
});
