/** What endpoints have to do with each other: nothing. Over the real stores and the real way out, in real time. */
import { expect } from 'chai';
import type { TenantId } from '../../../domain/kernel/ids.ts';
import { pause } from '../../../projections/kernel/pause.ts';
import { openDeliveries, type Deliveries, type Program } from '../../support/deliveries.ts';
import { startReceiver, type Receiver } from '../../support/receiver.ts';
import { noted, someCause, someStream, someTenant } from '../../support/sample-events.ts';

const now = (): number => Math.floor(performance.timeOrigin + performance.now());
const HANGS_MS = 4_000;
const LONGEST_MS = 1_000;

describe('endpoints beside each other', function suite() {
  this.timeout(30_000);
  let [ground, receiver, program]: [Deliveries, Receiver, Program] = [] as never;
  const arrived = new Map<string, number>();

  beforeEach(async () => {
    arrived.clear();
    receiver = await startReceiver(({ path }) => {
      if (!arrived.has(path)) arrived.set(path, performance.now());
      if (path.startsWith('/slow')) return { status: 204, headers: {}, afterMs: 100 };
      return path.startsWith('/hangs') ? 'hang' : 204;
    });
    ground = await openDeliveries({ now, pause }, [receiver.host]);
    program = ground.start({ timeoutMs: HANGS_MS });
  });
  afterEach(async () => {
    await program.stop();
    await ground.close();
    await receiver.close();
  });

  const hook = async (tenant: TenantId, path: string): Promise<string> => {
    const settings = { url: `http://${receiver.host}${path}`, types: ['sample.noted'], description: null, format: 'json' } as const;
    return (await program.webhooks.create(tenant, { settings, start: {} }, { ...someCause, commandId: `${tenant.slice(-12)}-${path.slice(1).replaceAll('/', '-')}` })).webhook.webhookId;
  };
  const happen = (tenant: TenantId): Promise<unknown> => ground.store.append(someStream(tenant), 'any', [noted('x')], someCause);
  const hanging = async (tenant: TenantId, count: number): Promise<void> => {
    for (let index = 0; index < count; index += 1) await hook(tenant, `/hangs/${tenant}/${index}`);
    await happen(tenant);
  };
  /** Milliseconds until the receiver at a new endpoint hears of what happens now. */
  const delayAt = async (tenant: TenantId, path: string): Promise<number> => {
    await hook(tenant, path);
    const began = performance.now();
    await happen(tenant);
    await Promise.race([receiver.until(() => arrived.has(path)), pause(LONGEST_MS * 2, new AbortController().signal)]);
    return (arrived.get(path) ?? Infinity) - began;
  };

  it('four tenants with twenty receivers that hang do not keep a fifth tenant\'s new one waiting', async () => {
    const tenants = Array.from({ length: 4 }, () => someTenant());
    for (const tenant of tenants) await hanging(tenant, 20);
    await receiver.until((received) => received.length >= 8);
    expect(await delayAt(someTenant(), '/new')).to.be.lessThan(LONGEST_MS);
  });

  it('a tenant\'s own receivers that hang do not keep its new one waiting', async () => {
    const tenant = someTenant();
    await hanging(tenant, 49);
    await receiver.until((received) => received.length >= 8);
    expect(await delayAt(tenant, '/new')).to.be.lessThan(LONGEST_MS);
  });

  it('a replay does not keep what is new waiting', async () => {
    const tenant = someTenant();
    for (let page = 0; page < 20; page += 1) await ground.store.append(someStream(tenant), 'any', Array.from({ length: 100 }, () => noted('old')), someCause);
    const id = await hook(tenant, '/slow');
    await program.webhooks.replay(tenant, id, { fromPosition: '0' }, { ...someCause, commandId: 'replay' });
    await receiver.until((received) => received.length >= 10);
    const began = performance.now();
    await ground.store.append(someStream(tenant), 'any', [noted('new')], someCause);
    await Promise.race([receiver.until((received) => received.some(({ event }) => event.data['text'] === 'new')), pause(LONGEST_MS * 2, new AbortController().signal)]);
    expect(performance.now() - began).to.be.lessThan(LONGEST_MS);
  });
});
