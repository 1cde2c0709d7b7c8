import { expect } from 'chai';
import { INSTALLATION, type Position } from '../../../domain/kernel/ids.ts';
import { createFreshness } from '../../../projections/kernel/freshness-tracker.ts';
import { rejection } from '../../support/rejections.ts';
import { someTenant } from '../../support/sample-events.ts';

const at = (number: number): Position => String(number).padStart(20, '0') as Position;

/** Whether a promise is resolved by what has already happened. */
const isSettled = (promise: Promise<void>): Promise<boolean> =>
  Promise.race([promise.then(() => true), new Promise<boolean>((resolve) => { setImmediate(() => resolve(false)); })]);

describe('freshness', () => {
  it('does not wait for a tenant that wrote nothing', async () => {
    await createFreshness().settled('list', someTenant());
  });

  it('waits until the projection includes the newest write of the tenant', async () => {
    const [freshness, tenant] = [createFreshness(), someTenant()];
    freshness.wrote(tenant, at(7));
    freshness.wrote(tenant, at(5));
    const waiting = freshness.settled('list', tenant);
    freshness.reached('other', at(9));
    freshness.reached('list', at(6));
    expect(await isSettled(waiting)).to.equal(false);
    freshness.reached('list', at(7));
    await waiting;
    await freshness.settled('list', tenant);
  });

  it('waits for what a projection owes from before, whoever asks, and only until it has it', async () => {
    const freshness = createFreshness();
    freshness.owes('list', at(7));
    const waiting = freshness.settled('list', someTenant());
    expect(await isSettled(freshness.settled('other', someTenant()))).to.equal(true);
    freshness.reached('list', at(6));
    expect(await isSettled(waiting)).to.equal(false);
    freshness.reached('list', at(8));
    await waiting;
    await freshness.settled('list', someTenant());
  });

  it("does not let one tenant wait for another's writes", async () => {
    const [freshness, tenant] = [createFreshness(), someTenant()];
    freshness.wrote(someTenant(), at(7));
    expect(await isSettled(freshness.settled('list', tenant))).to.equal(true);
  });

  it("counts the installation's writes for every tenant, and every tenant's for the installation", async () => {
    const freshness = createFreshness();
    freshness.wrote(someTenant(), at(3));
    const installation = freshness.settled('list', INSTALLATION);
    freshness.wrote(INSTALLATION, at(4));
    const tenant = freshness.settled('list', someTenant());
    expect(await isSettled(installation)).to.equal(false);
    freshness.reached('list', at(3));
    await installation;
    expect(await isSettled(tenant)).to.equal(false);
    freshness.reached('list', at(4));
    await tenant;
  });

  it('says that it is behind when time is up', async () => {
    const [freshness, tenant] = [createFreshness(), someTenant()];
    freshness.wrote(tenant, at(1));
    expect(await rejection(freshness.settled('list', tenant, 5))).to.deep.equal({ code: 'storage.behind', details: { retryAfter: 1 } });
    expect((await rejection(freshness.until('list', at(1), 5))).code).to.equal('storage.behind');
  });

  it('tells a projection that somebody begins to wait for it, and whether somebody does', async () => {
    const [freshness, calls] = [createFreshness(), [] as string[]];
    freshness.whenAwaited('list', () => calls.push('list'));
    const waiting = freshness.until('list', at(1));
    expect([calls, freshness.awaited('list'), freshness.awaited('other')]).to.deep.equal([['list'], true, false]);
    freshness.reached('list', at(1));
    await waiting;
    await freshness.until('list', at(1));
    expect([calls, freshness.awaited('list')]).to.deep.equal([['list'], false]);
  });
});
