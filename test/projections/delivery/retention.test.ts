/** What the log of deliveries forgets, and that a replay forgets the same. */
import { expect } from 'chai';
import { webhookEvents } from '../../../application/delivery/events.ts';
import { deliveriesStream } from '../../../application/delivery/streams.ts';
import { createEventCodec } from '../../../application/kernel/event-codec.ts';
import type { Recorded } from '../../../application/kernel/ports.ts';
import type { ReadModelStore } from '../../../application/kernel/read-models.ts';
import type { DeliveryEvent } from '../../../domain/delivery/delivery.events.ts';
import type { TenantId } from '../../../domain/kernel/ids.ts';
import { type Embedded, openEmbedded } from '../../../infrastructure/runtime/embedded.ts';
import { deliveriesProjection, type DeliveryDocument } from '../../../projections/delivery/deliveries.ts';
import { digestOf } from '../../../projections/kernel/digest.ts';
import { forget } from '../../../projections/kernel/forgetting.ts';
import { pause } from '../../../projections/kernel/pause.ts';
import { createProjections, type Projections } from '../../../projections/kernel/projections.ts';
import { createRunner } from '../../../projections/kernel/runner.ts';
import { someCause, someTenant } from '../../support/sample-events.ts';
import { failOnFatal, silentLogger } from '../../support/silent.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';

const DAY_MS = 86_400_000;
const START = Date.UTC(2026, 2, 9, 14);

const placed = (id: string) => ({ webhookId: 'w', deliveryId: id, eventId: id, eventType: 'a', eventStream: 's', eventRevision: 0, eventPosition: '00000000000000000007' });
const delivered = (id: string, at: string): DeliveryEvent => ({ type: 'WebhookDelivered', data: { ...placed(id), attempt: 1, status: 204, durationMs: 1, deliveredAt: at } });
const failed = (id: string, at: string, more: object = {}): DeliveryEvent => ({ type: 'WebhookAttemptFailed', data: { ...placed(id), attempt: 1, reason: 'status', status: 500, durationMs: 1, nextAt: at, failedAt: at, ...more } });
const dead = (id: string, at: string): DeliveryEvent => ({ type: 'WebhookDeadLettered', data: { ...placed(id), attempts: 1, deadAt: at } });
const tested = (id: string, at: string): DeliveryEvent => failed(id, at, { nextAt: null, eventStream: null, eventRevision: null, eventPosition: null });

describe('the log of deliveries', function suite() {
  this.timeout(20_000);
  let [directory, opened, projections]: [TemporaryDirectory, Embedded, Projections] = [] as never;
  let now = START;
  const clock = { now: () => now };

  const begin = async (): Promise<void> => {
    projections = createProjections({ clock, log: opened.log, store: opened.readModels, logger: silentLogger, definitions: [deliveriesProjection] });
    await projections.start();
  };
  const settle = async (): Promise<void> => {
    const head = await opened.log.head();
    if (head !== undefined) await projections.freshness.until(deliveriesProjection.name, head, 10_000);
  };

  beforeEach(async () => {
    now = START;
    directory = temporaryDirectory();
    opened = await openEmbedded({ dataDir: directory.path, codec: createEventCodec(webhookEvents), clock, logger: silentLogger, onFatal: failOnFatal });
    await begin();
  });
  afterEach(async () => {
    await projections.stop();
    await opened.close();
    directory.remove();
  });

  const at = (): string => new Date(now).toISOString();
  const say = (tenant: TenantId, ...events: readonly DeliveryEvent[]) => opened.store.append(deliveriesStream(tenant, at()), 'any', events, someCause);
  const later = (days: number): void => { now += days * DAY_MS; };
  const known = async (tenant: TenantId): Promise<readonly string[]> => {
    await settle();
    const { items } = await opened.readModels.open<DeliveryDocument>(tenant, deliveriesProjection).page({ where: { webhookId: 'w' }, order: { by: 'createdAt', direction: 'asc' }, limit: 2_000 });
    return items.map(({ deliveryId }) => deliveryId).toSorted();
  };

  it('keeps what was delivered for thirty days, dead letters for a year, and what is tried again', async () => {
    const [tenant, other] = [someTenant(), someTenant()];
    await say(tenant, delivered('taken', at()), failed('dead', at()), dead('dead', at()), failed('tried', at()), tested('test', at()));
    await say(other, delivered('theirs', at()));
    later(29);
    await say(tenant, delivered('then', at()), delivered('now', at()));
    expect(await known(tenant)).to.deep.equal(['dead', 'now', 'taken', 'test', 'then', 'tried']);
    later(1.5);
    await say(tenant, delivered('new', at()));
    expect(await known(tenant)).to.deep.equal(['dead', 'new', 'now', 'then', 'tried']);
    expect(await known(other), 'nothing has happened there').to.deep.equal(['theirs']);
    later(28);
    await say(tenant, delivered('then', at()), delivered('now', at()));
    later(20);
    await say(tenant, delivered('later', at()));
    expect(await known(tenant), 'what was delivered again').to.deep.equal(['dead', 'later', 'now', 'then', 'tried']);
    later(300);
    await say(tenant, delivered('now', at()));
    expect(await known(tenant), 'what it is about').to.deep.equal(['now', 'tried']);
    expect(await opened.readModels.open<DeliveryDocument>(tenant, deliveriesProjection).get('now')).to.have.property('createdAt', new Date(START + 29 * DAY_MS).toISOString());
  });

  it('forgets the same in a replay, in one page or many, and over restarts', async () => {
    const tenants = [someTenant(), someTenant()] as const;
    const numbers = Array.from({ length: 1_200 }, (_, index) => `d-${index}`);
    for (let day = 0; day < 8; day += 1) {
      for (const tenant of tenants) await say(tenant, ...numbers.slice(0, 60 + 200 * (day % 3)).map((id, index) => ((index + day) % 7 === 0 ? failed(id, at()) : delivered(`${id}-${day % 4}`, at()))));
      if (day % 2 === 0) await settle();
      if (day % 3 === 0) {
        await projections.stop();
        await begin();
      }
      later(11 + day * 3);
    }
    await say(tenants[0], delivered('last', at()));
    await settle();
    const live = await digestOf(opened.readModels, deliveriesProjection);
    expect(live.documents).to.be.greaterThan(50).and.lessThan(800);
    await projections.rebuild(deliveriesProjection.name);
    expect(await digestOf(opened.readModels, deliveriesProjection)).to.deep.equal(live);
  });

  it('forgets what was on its way to the store when it was over', async () => {
    const tenant = someTenant();
    const slow = { ...deliveriesProjection, name: 'slow' };
    const store: ReadModelStore = { ...opened.readModels, commit: async (...given) => { await pause(20, new AbortController().signal); await opened.readModels.commit(...given); } };
    await say(tenant, delivered('first', at()), delivered('second', at()));
    later(31);
    await say(tenant, delivered('last', at()));
    await store.prepare(slow);
    const [head, stopping] = [await opened.log.head(), new AbortController()];
    const runner = createRunner({
      projection: slow, store, feed: opened.log.feed({ types: Object.keys(slow.on) }), head: () => opened.log.head(), logger: silentLogger, batch: 1,
      onPoison: (_projection, _recorded, error) => { throw error; }, onProgress: (position) => { if (position === head) stopping.abort(); },
    });
    await runner.run(stopping.signal);
    const { items } = await store.open<DeliveryDocument>(tenant, slow).page({ where: { webhookId: 'w' }, limit: 10 });
    expect(items.map(({ deliveryId }) => deliveryId)).to.deep.equal(['last']);
  });

  it('removes more than one piece of what is over', async () => {
    const tenant = someTenant();
    await say(tenant, ...Array.from({ length: 1_300 }, (_, index) => delivered(`d-${index}`, at())));
    expect(await known(tenant)).to.have.length(1_300);
    later(31);
    await say(tenant, delivered('last', at()));
    expect(await known(tenant)).to.deep.equal(['last']);
  });

  it('leaves what includes later events already: a store may be ahead of where the model is known to stand', async () => {
    const tenant = someTenant();
    const ahead = { ...deliveriesProjection, name: 'ahead' };
    await say(tenant, delivered('old', at()));
    await settle();
    const old = await opened.readModels.open<DeliveryDocument>(tenant, deliveriesProjection).get('old');
    later(31);
    await say(tenant, delivered('last', at()));
    const { events } = await opened.log.feed({ types: ['WebhookDelivered'] }).pull(undefined, 10, new AbortController().signal);
    const [first, last] = events as [Recorded<DeliveryEvent>, Recorded<DeliveryEvent>];
    await opened.readModels.prepare(ahead);
    await opened.readModels.commit(ahead, ['before', 'beyond'].map((id) => ({ tenant, id, document: { ...old, deliveryId: id }, position: id === 'before' ? first.position : last.position })), undefined, first.position);
    expect(await forget(opened.readModels, ahead, { events: [last], forgotten: ahead.forgets?.at(last) ?? [] }, first.position)).to.equal(true);
    const { items } = await opened.readModels.open<DeliveryDocument>(tenant, ahead).page({ where: { webhookId: 'w' }, limit: 10 });
    expect(items.map(({ deliveryId }) => deliveryId)).to.deep.equal(['beyond']);
  });
});
