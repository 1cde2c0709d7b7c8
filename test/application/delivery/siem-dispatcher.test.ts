/** The workers of sinks over a real log: who begins and ends, and who waits for whom. */
import { expect } from 'chai';
import { createSiemDispatcher } from '../../../application/delivery/siem-dispatcher.ts';
import { siemSinkEvents } from '../../../application/delivery/siem-events.ts';
import { sinkFailed, type SinkTransport } from '../../../application/delivery/siem-ports.ts';
import { createToRecord } from '../../../application/delivery/siem-records.ts';
import { createSinkStatuses, type SinkTrouble } from '../../../application/delivery/siem-status.ts';
import { siemSinksStream } from '../../../application/delivery/siem-streams.ts';
import { createEventCodec } from '../../../application/kernel/event-codec.ts';
import type { SiemSinkEvent } from '../../../domain/delivery/siem-sink.events.ts';
import type { SiemSink } from '../../../domain/delivery/siem-sinks.ts';
import { reject } from '../../../domain/kernel/rejection.ts';
import { type Embedded, openEmbedded } from '../../../infrastructure/runtime/embedded.ts';
import { pause } from '../../../projections/kernel/pause.ts';
import { noted, sampleEvents, someCause, someStream, someTenant } from '../../support/sample-events.ts';
import { failOnFatal, silentLogger } from '../../support/silent.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';
import { until } from '../../support/until.ts';

const NOW = Date.UTC(2026, 2, 10, 14);
const AT = new Date(NOW).toISOString();
const clock = { now: () => NOW };
const tenant = someTenant();
const toRecord = createToRecord({ toOcsf: ({ type, id }) => (type === 'Noted' ? { metadata: { uid: id } } : undefined), toCef: () => undefined });

describe('the dispatcher of SIEM sinks', () => {
  let directory: TemporaryDirectory;
  let opened: Embedded;
  const known = new Map<string, SiemSink>();
  const taken = new Map<string, number>();
  /** What was said of the sink when each batch came. */
  const troubles: (SinkTrouble | null)[] = [];
  let heard = Promise.withResolvers<void>();
  let free = Promise.withResolvers<void>();

  beforeEach(async () => {
    known.clear();
    taken.clear();
    troubles.splice(0);
    heard = Promise.withResolvers<void>();
    free = Promise.withResolvers<void>();
    directory = temporaryDirectory();
    opened = await openEmbedded({ dataDir: directory.path, codec: createEventCodec([...sampleEvents, ...siemSinkEvents]), clock, logger: silentLogger, onFatal: failOnFatal });
  });
  afterEach(async () => {
    await opened.close();
    directory.remove();
  });

  /** `stuck…` takes nothing and listens to nobody, until it is free; `busy…` wants to be left alone for long. */
  const wayTo = (sinkId: string): SinkTransport => ({
    send: async (records) => {
      troubles.push((await createSinkStatuses(opened.state).read({ tenant, sinkId })).trouble);
      taken.set(sinkId, (taken.get(sinkId) ?? 0) + records.length);
      const before = heard;
      heard = Promise.withResolvers<void>();
      before.resolve();
      if (sinkId.startsWith('stuck')) await free.promise;
      if (sinkId.startsWith('busy')) throw sinkFailed({ reason: 'status', status: 503, retryAfterMs: 900_000 });
    },
    close: async () => undefined,
  });
  const heardFrom = async (sinkId: string, count: number): Promise<void> => {
    while ((taken.get(sinkId) ?? 0) < count) await heard.promise;
  };
  const start = () => {
    const dispatcher = createSiemDispatcher({
      log: opened.log, state: opened.state, toRecord, statuses: createSinkStatuses(opened.state), clock, pause, random: () => 0.5, logger: silentLogger, storedTypesOf: (types) => types,
      sinks: { find: async (_tenant, sinkId) => known.get(sinkId), open: async (_tenant, { sinkId }) => (sinkId === 'broken' ? reject('kernel.seal_broken') : wayTo(sinkId)) },
    });
    const stopping = new AbortController();
    const ended = dispatcher.run(stopping.signal);
    return { ended, stop: () => { stopping.abort(); return ended; } };
  };
  const say = (event: SiemSinkEvent): Promise<unknown> => opened.store.append(siemSinksStream(tenant), 'any', [event], someCause);
  const create = async (sinkId: string): Promise<void> => {
    const data = { sinkId, name: 'x', target: { kind: 'bus', topic: 'audit' }, types: null, secret: null, startAfter: null, startTime: null, createdAt: AT } as const;
    known.set(sinkId, { ...data, paused: false, changes: 0 });
    await say({ type: 'SiemSinkCreated', data });
  };
  const remove = async (sinkId: string): Promise<void> => {
    known.delete(sinkId);
    await say({ type: 'SiemSinkDeleted', data: { sinkId, deletedAt: AT } });
  };
  const happen = (): Promise<unknown> => opened.store.append(someStream(tenant), 'any', [noted('x')], someCause);
  const left = async (): Promise<readonly string[]> => {
    const keys: string[] = [];
    for (const scope of ['checkpoint:siem-sinks', 'siem:status']) for await (const { key } of opened.state.list(scope)) keys.push(key);
    return keys;
  };

  it('waits for nobody when a sink ends, and clears what belongs to it when it has', async () => {
    const dispatcher = start();
    await create('stuck');
    await happen();
    await heardFrom('stuck', 1);
    await remove('stuck');
    await create('sound');
    await happen();
    await heardFrom('sound', 1);
    await remove('sound');
    free.resolve();
    await dispatcher.stop();
    expect(await left()).to.deep.equal([]);
  });

  it('lets no other sink stand still because one cannot be opened', async () => {
    const dispatcher = start();
    await create('broken');
    await create('sound');
    await happen();
    await Promise.race([heardFrom('sound', 1), dispatcher.ended]);
    await dispatcher.stop();
    expect([...taken]).to.deep.equal([['sound', 1]]);
  });

  it('lets a sink that goes on begin after what it had under way has ended', async () => {
    const dispatcher = start();
    await create('stuck');
    await happen();
    await heardFrom('stuck', 1);
    const sink = known.get('stuck') as SiemSink;
    known.set('stuck', { ...sink, paused: true });
    await say({ type: 'SiemSinkPaused', data: { sinkId: 'stuck', pausedAt: AT } });
    known.set('stuck', sink);
    await say({ type: 'SiemSinkResumed', data: { sinkId: 'stuck', resumedAt: AT } });
    await create('sound');
    await happen();
    await heardFrom('sound', 1);
    expect(taken.get('stuck')).to.equal(1);
    free.resolve();
    await heardFrom('stuck', 2);
    await dispatcher.stop();
  });

  it('tries a sink that was changed at once, however long it was to wait, and says so', async () => {
    const statuses = createSinkStatuses(opened.state);
    const name = { tenant, sinkId: 'busy' };
    const dispatcher = start();
    await create('busy');
    await happen();
    const { trouble } = await until('its failure', async () => { const status = await statuses.read(name); return status.trouble === null ? undefined : status; });
    expect(trouble?.nextAt).to.equal(new Date(NOW + 900_000).toISOString());
    const sink = known.get('busy') as SiemSink;
    known.set('busy', { ...sink, types: ['Noted'], changes: 1 });
    const { createdAt: _made, startAfter: _after, startTime: _time, paused: _paused, changes: _changes, ...settings } = sink;
    await say({ type: 'SiemSinkChanged', data: { ...settings, types: ['Noted'], changedAt: AT } });
    await heardFrom('busy', 2);
    expect(troubles[1]).to.include({ nextAt: AT, attempts: 1 });
    await dispatcher.stop();
  });

  it('clears at its start what a crash has kept from being cleared', async () => {
    await opened.state.compareAndSet('checkpoint:siem-sinks', `${tenant}/gone`, undefined, { value: '1' });
    const dispatcher = start();
    await create('sound');
    await happen();
    await heardFrom('sound', 1);
    await dispatcher.stop();
    expect((await left()).filter((key) => key.endsWith('/gone'))).to.deep.equal([]);
  });
});
