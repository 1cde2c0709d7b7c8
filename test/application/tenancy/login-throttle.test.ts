import { expect } from 'chai';
import { createLoginThrottle } from '../../../application/tenancy/login-throttle.ts';
import { createMemoryState } from '../../api/kernel/support.ts';
import { rejection } from '../../support/rejections.ts';

const setUp = () => {
  const clock = { time: 1_000_000, now: (): number => clock.time };
  const state = createMemoryState(clock.now);
  /** Two processes. */
  const [one, other] = [createLoginThrottle({ state, clock }), createLoginThrottle({ state, clock })] as const;
  return { clock, one, other };
};

const fails = async (): Promise<undefined> => undefined;
const succeeds = async (): Promise<string> => 'in';

describe('the throttle of sign-ins', () => {
  it('lets two processes together guess as often as one, and at once no more', async () => {
    const { one, other } = setUp();
    let guesses = 0;
    const guess = async (): Promise<undefined> => {
      guesses += 1;
      await new Promise((resolve) => { setImmediate(resolve); });
    };
    const codes = await Promise.all(Array.from({ length: 60 }, (_, index) => (index % 2 === 0 ? one : other).attempt(['account:a'], guess).then(() => 'failed', ({ code }: { code: string }) => code)));
    expect(guesses).to.equal(10);
    expect(codes.filter((code) => code === 'tenancy.too_many_attempts')).to.have.lengthOf(50);
  });

  it('counts a guess that another process has begun as one that fails', async () => {
    const { one, other } = setUp();
    for (let count = 0; count < 9; count += 1) await one.attempt(['account:a'], fails);
    const going = Promise.withResolvers<string>();
    const last = one.attempt(['account:a'], () => going.promise);
    await new Promise((resolve) => { setImmediate(resolve); });
    expect((await rejection(other.attempt(['account:a'], succeeds))).code).to.equal('tenancy.too_many_attempts');
    going.resolve('in');
    expect(await last).to.equal('in');
    expect(await other.attempt(['account:a'], succeeds)).to.equal('in');
  });

  it('opens its minute with a failure, and with nothing else', async () => {
    const { clock, one } = setUp();
    await one.attempt(['account:a'], succeeds);
    clock.time += 50_000;
    for (let count = 0; count < 10; count += 1) await one.attempt(['account:a'], fails);
    expect(await rejection(one.attempt(['account:a'], fails))).to.deep.equal({ code: 'tenancy.too_many_attempts', details: { retryAfter: 60 } });
  });

  it('gives nothing back to a minute that has begun since', async () => {
    const { clock, one, other } = setUp();
    const going = Promise.withResolvers<string>();
    const slow = one.attempt(['account:a'], () => going.promise);
    await new Promise((resolve) => { setImmediate(resolve); });
    clock.time += 60_000;
    for (let count = 0; count < 10; count += 1) await other.attempt(['account:a'], fails);
    going.resolve('in');
    await slow;
    expect((await rejection(other.attempt(['account:a'], fails))).code).to.equal('tenancy.too_many_attempts');
  });

  it('counts nothing where one of several keys has no room, and nothing that could not be judged', async () => {
    const { one } = setUp();
    for (let count = 0; count < 10; count += 1) await one.attempt(['ip:192.0.2.1'], fails);
    for (let count = 0; count < 20; count += 1) {
      expect((await rejection(one.attempt(['account:a', 'ip:192.0.2.1'], fails))).code).to.equal('tenancy.too_many_attempts');
      await one.attempt(['account:a'], () => Promise.reject(new Error('the disk is full'))).catch(() => undefined);
    }
    expect(await one.attempt(['account:a'], succeeds)).to.equal('in');
  });
});
