/** The quota over the real embedded store. */
import { expect } from 'chai';
import { catalogue } from '../../../application/catalogue.ts';
import { createEventCodec } from '../../../application/kernel/event-codec.ts';
import type { Cause, EventStore } from '../../../application/kernel/ports.ts';
import { quotaStream } from '../../../application/signing/quota-volumes.ts';
import { createSigningQuotas } from '../../../application/signing/quota.ts';
import type { PlanState, TenantView } from '../../../application/tenancy/access.ts';
import type { Rejection } from '../../../domain/kernel/rejection.ts';
import type { TenantId } from '../../../domain/kernel/ids.ts';
import { openEventStore, type OpenEventStore } from '../../../infrastructure/event-store/event-store.ts';
import { collect } from '../../support/collect.ts';
import { randomIds } from '../../support/random-ids.ts';
import { rejection } from '../../support/rejections.ts';
import { failOnFatal } from '../../support/silent.ts';
import { qwickPlan, tenantView } from '../../support/signing.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const START = Date.parse('2026-03-09T15:00:00.000Z');
const DAY = 86_400_000;
const CAUSE: Cause = { actor: { kind: 'system', id: 'test' }, correlation: 'test' };

describe('signing quota', () => {
  const directory = temporaryDirectory();
  const clock = { time: START, now: () => clock.time };
  let opened: OpenEventStore;

  before(async () => {
    opened = await openEventStore({ path: `${directory.path}/events.db`, codec: createEventCodec(catalogue), clock, ids: randomIds, onFatal: failOnFatal });
  });
  after(async () => {
    await opened.close();
    directory.remove();
  });
  beforeEach(() => {
    clock.time = START;
  });

  const program = () => createSigningQuotas({ store: opened.store, clock });
  const tenantOn = (plan: Partial<PlanState>): TenantView =>
    tenantView({ id: randomIds.next() as TenantId, plans: qwickPlan({ since: new Date(START).toISOString(), ...plan }) });
  const fill = async (quotas: ReturnType<typeof program>, tenant: TenantView, times: number) => {
    for (let count = 0; count < times; count += 1) await quotas.spend(await quotas.reserve(tenant, randomIds.next(), CAUSE), CAUSE);
  };

  it('says on Free how long the year still lasts', async () => {
    const quotas = program();
    const tenant = tenantOn({ plan: 'free', limits: { signingOperations: 2 } });
    await fill(quotas, tenant, 2);
    clock.time = START + DAY;
    expect(await rejection(quotas.reserve(tenant, randomIds.next(), CAUSE))).to.deep.equal({
      code: 'signing.free_limit_reached',
      details: { limit: 2, retryAfter: 364 * 86_400 },
    });
    clock.time = START + 365 * DAY - 1_000;
    expect((await rejection(quotas.reserve(tenant, randomIds.next(), CAUSE))).details).to.deep.equal({ limit: 2, retryAfter: 1 });
    clock.time += 1_000;
    await quotas.reserve(tenant, randomIds.next(), CAUSE);
  });

  it('says on a paid plan that its limit is reached, and counts anew in the next month', async () => {
    const quotas = program();
    const tenant = tenantOn({ limits: { signingOperations: 1 } });
    await fill(quotas, tenant, 1);
    expect(await rejection(quotas.reserve(tenant, randomIds.next(), CAUSE))).to.deep.equal({ code: 'signing.limit_reached', details: { limit: 1 } });
    clock.time = Date.parse('2026-04-09T15:00:00.000Z');
    await fill(quotas, tenant, 1);
    expect((await quotas.usage(tenant)).used).to.equal(1);
  });

  it('counts without limit, too', async () => {
    const quotas = program();
    const tenant = tenantOn({});
    await fill(quotas, tenant, 3);
    expect(await quotas.usage(tenant)).to.deep.equal({
      used: 3,
      limit: undefined,
      period: { id: 'month.2026-03-09T15:00:00.000Z', start: '2026-03-09T15:00:00.000Z', end: '2026-04-09T15:00:00.000Z' },
    });
  });

  it('is the same to another process, and after a restart', async () => {
    const tenant = tenantOn({ limits: { signingOperations: 3 } });
    const [one, other] = [program(), program()];
    await fill(one, tenant, 1);
    await fill(other, tenant, 1);
    await fill(one, tenant, 1);
    expect((await rejection(other.reserve(tenant, randomIds.next(), CAUSE))).code).to.equal('signing.limit_reached');
    expect((await rejection(program().reserve(tenant, randomIds.next(), CAUSE))).code).to.equal('signing.limit_reached');
    expect((await program().usage(tenant)).used).to.equal(3);
  });

  it('gives back what was not used, in the period it was taken from', async () => {
    const quotas = program();
    const tenant = tenantOn({ limits: { signingOperations: 1 } });
    const reservation = await quotas.reserve(tenant, randomIds.next(), CAUSE);
    expect(await rejection(quotas.reserve(tenant, randomIds.next(), CAUSE)), 'under way').to.deep.equal({ code: 'signing.queue_timeout', details: { retryAfter: 5 } });
    clock.time = Date.parse('2026-04-09T15:00:00.000Z');
    await quotas.release(reservation, CAUSE);
    expect((await quotas.usage(tenant)).used).to.equal(0);
    clock.time = START;
    expect((await quotas.usage(tenant)).used).to.equal(0);
    await quotas.reserve(tenant, randomIds.next(), CAUSE);
  });

  it('an operation that asks again has its reservation already', async () => {
    const quotas = program();
    const tenant = tenantOn({ limits: { signingOperations: 1 } });
    const operation = randomIds.next();
    const first = await quotas.reserve(tenant, operation, CAUSE);
    expect(await program().reserve(tenant, operation, CAUSE)).to.deep.equal(first);
    expect((await quotas.usage(tenant)).used).to.equal(1);
  });

  it('goes on over volumes: two programs at once, one that starts late, and none folds more than a volume', async () => {
    const tenant = tenantOn({ limits: { signingOperations: 2_300 } });
    const [one, other] = [program(), program()];
    let folded = 0;
    const read: EventStore['read'] = (stream, from) => { folded += 1; return opened.store.read(stream, from); };
    const under_way = await one.reserve(tenant, randomIds.next(), CAUSE);
    const outcomes = await Promise.all(Array.from({ length: 2_400 }, async (_, number) => {
      const quotas = number % 2 === 0 ? one : other;
      return quotas.reserve(tenant, randomIds.next(), CAUSE).then((reservation) => quotas.spend(reservation, CAUSE)).then(() => 'taken', ({ code }: Rejection) => code);
    }));
    expect(outcomes.filter((outcome) => outcome === 'taken')).to.have.length(2_299);
    expect(outcomes.filter((outcome) => outcome === 'signing.queue_timeout' || outcome === 'signing.limit_reached'), 'before and after the others were through').to.have.length(101);
    const late = createSigningQuotas({ store: { ...opened.store, read }, clock });
    expect((await late.usage(tenant)).used).to.equal(2_300);
    expect(folded, 'streams read by one that starts late').to.equal(1);
    await late.release(under_way, CAUSE);
    expect((await one.usage(tenant)).used, 'from two volumes ago').to.equal(2_299);
    const period = (await one.usage(tenant)).period.id;
    const types = async (volume: number) => (await collect(opened.store.read(quotaStream(tenant.id, period, volume)))).map(({ type }) => type);
    for (const volume of [0, 1]) expect((await types(volume)).at(-1)).to.equal('QuotaVolumeClosed');
    for (const volume of [1, 2]) expect((await types(volume))[0]).to.equal('QuotaVolumeOpened');
    expect(await types(3)).to.deep.equal([]);
  });

  it('counts anew on another plan', async () => {
    const quotas = program();
    const tenant = tenantOn({ plan: 'free', limits: { signingOperations: 1 } });
    await fill(quotas, tenant, 1);
    const upgraded = { ...tenant, plans: qwickPlan({ plan: 'pro', since: new Date(START).toISOString() }) };
    expect((await quotas.usage(upgraded)).used).to.equal(0);
  });
});
