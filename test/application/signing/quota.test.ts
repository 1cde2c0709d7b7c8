/** The quota over the real embedded store. */
import { expect } from 'chai';
import { catalogue } from '../../../application/catalogue.ts';
import { createEventCodec } from '../../../application/kernel/event-codec.ts';
import type { Cause } from '../../../application/kernel/ports.ts';
import { createSigningQuotas } from '../../../application/signing/quota.ts';
import type { PlanState, TenantView } from '../../../application/tenancy/access.ts';
import type { TenantId } from '../../../domain/kernel/ids.ts';
import { openEventStore, type OpenEventStore } from '../../../infrastructure/event-store/event-store.ts';
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
    expect((await rejection(quotas.reserve(tenant, randomIds.next(), CAUSE))).code).to.equal('signing.limit_reached');
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

  it('counts anew on another plan', async () => {
    const quotas = program();
    const tenant = tenantOn({ plan: 'free', limits: { signingOperations: 1 } });
    await fill(quotas, tenant, 1);
    const upgraded = { ...tenant, plans: qwickPlan({ plan: 'pro', since: new Date(START).toISOString() }) };
    expect((await quotas.usage(upgraded)).used).to.equal(0);
  });
});
