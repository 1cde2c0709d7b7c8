/** How far a SIEM sink is behind, as it is shown: in seconds, of what is for it. */
import { expect } from 'chai';
import { siemSinkRoutes, type SiemDeps } from '../../../api/platform/routes/siem-sinks.ts';
import { createSinkLag } from '../../../application/delivery/siem-lag.ts';
import type { SinkStatus } from '../../../application/delivery/siem-status.ts';
import type { SiemSink } from '../../../domain/delivery/siem-sinks.ts';
import { INSTALLATION, type Position } from '../../../domain/kernel/ids.ts';
import { reject } from '../../../domain/kernel/rejection.ts';
import { createTenant, startApp } from '../../support/app.ts';
import { startReceiver } from '../../support/receiver.ts';
import { rejection } from '../../support/rejections.ts';
import { until } from '../../support/until.ts';

type Json = Readonly<Record<string, any>>; // oxlint-disable-line typescript/no-explicit-any -- answers are looked into at many places

const START = Date.UTC(2026, 2, 10, 14);
const iso = (ms: number): string => new Date(ms).toISOString();
const sink: SiemSink = {
  sinkId: 'one', name: 'Collector', target: { kind: 'bus', topic: 'audit' }, types: null, secret: null, startAfter: null, startTime: null, createdAt: iso(START), paused: false, changes: 0,
};

describe('platform: the lag of a SIEM sink', () => {
  it('is the age of the oldest event that it lacks, and nothing where nothing is for it', async function shown() {
    this.timeout(20_000);
    let now = START;
    const receiver = await startReceiver(() => 503);
    const app = await startApp({ env: { OUTBOUND_ALLOW: receiver.host }, clock: { now: () => now } });
    await createTenant(app, 'behind');
    const ask = async (method: string, path: string, body?: object): Promise<Json> => (await app.ask(method, `/platform/v1/tenants/behind/${path}`, { token: app.operatorToken, body })).json() as Json;
    const make = (types: readonly string[]) => ask('POST', 'siem-sinks', { name: 'x', kind: 'ocsf-http', url: `${receiver.url}/x`, types });
    const [made, idle] = [await make(['chancery.tenancy.credential.created']), await make(['chancery.tenancy.credential.revoked'])];
    expect([made['lag'], idle['lag']]).to.deep.equal([0, 0]);
    now += 60_000;
    await ask('POST', 'credentials', { surface: 'quantum-lock', name: 'x' });
    await until('trouble', async () => ((await ask('GET', `siem-sinks/${made['id']}`))['trouble'] === null ? undefined : true));
    now += 3_600_000;
    await ask('POST', 'credentials', { surface: 'quantum-lock', name: 'y' });
    const items = (await ask('GET', 'siem-sinks'))['items'] as readonly Json[];
    expect(items.map(({ lag }) => lag as number)).to.deep.equal([3_600, 0]);
    expect((await ask('POST', `siem-sinks/${made['id']}/pause`, {}))['lag'], 'in the answer to a change, too').to.equal(3_600);
    await app.close();
    await receiver.close();
  });

  it('goes back no further than it begins', async () => {
    const feed = { pull: async () => ({ events: [{ time: iso(START - 86_400_000) }], scannedTo: '2' as Position }) };
    const lagOf = createSinkLag({ log: { feed: () => feed as never }, clock: { now: () => START + 10_000 }, storedTypesOf: (types) => types });
    const lag = (more: Partial<SiemSink>) => lagOf({ tenant: INSTALLATION, sink: { ...sink, ...more }, position: undefined, head: '2' as Position });
    expect(await lag({})).to.equal(10);
    expect(await lag({ startTime: iso(START - 50_000) })).to.equal(60);
    expect(await lag({ startAfter: '0' })).to.equal(86_410);
  });

  it('may be unknown in the answer to a change, which has happened; not otherwise', async () => {
    const status: SinkStatus = { delivered: 0, deliveredAt: null, trouble: null, skipped: 0, lastSkipped: null };
    const deps = {
      siemSinks: { find: async () => sink, pause: async () => ({ ...sink, paused: true }), reveal: async () => ({ target: sink.target, readable: true }) },
      siemStatuses: { read: async () => status }, siemDispatcher: { position: async () => undefined }, siemLag: async () => reject('storage.unavailable'),
      log: { head: async () => undefined }, clock: { now: () => START }, access: {},
    } as unknown as SiemDeps;
    const call = async (operationId: string) => siemSinkRoutes(deps).find((route) => route.operationId === operationId)?.handle({ params: { id: 'one' } } as never);
    expect(await call('pauseInstallationSiemSink')).to.have.nested.include({ 'body.status': 'paused', 'body.lag': null });
    expect((await rejection(call('getInstallationSiemSink'))).code).to.equal('storage.unavailable');
  });
});
