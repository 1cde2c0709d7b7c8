import { expect } from 'chai';
import type { Leases } from '../../../application/kernel/leases.ts';
import { createTurns } from '../../../application/kernel/turns.ts';
import { createScheduler } from '../../../infrastructure/runtime/scheduler.ts';

/** One holder at a time, in the order of asking. */
const leasesInMemory = (): Leases => {
  const turns = createTurns();
  return { hold: (name, signal, work) => turns(name, async () => (signal.aborted ? undefined : work(signal))) };
};

const collectErrors = () => {
  const errors: object[] = [];
  return { errors, error: (fields: object) => void errors.push(fields) };
};

describe('scheduler', () => {
  it('runs a task again and again, never twice at once, until it is stopped', async () => {
    const reached = Promise.withResolvers<void>();
    let runs = 0;
    let inside = 0;
    let most = 0;
    const work = async () => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => { setTimeout(resolve, 5); });
      inside -= 1;
      runs += 1;
      if (runs === 4) reached.resolve();
    };
    const scheduler = createScheduler([{ name: 'one', pauseMs: 1, work }], collectErrors());
    scheduler.start();
    await reached.promise;
    await scheduler.stop();
    const stoppedAt = runs;
    await new Promise((resolve) => { setTimeout(resolve, 20); });
    expect([most, inside, runs]).to.deep.equal([1, 0, stoppedAt]);
  });

  it('waits for the run at hand, which is told', async () => {
    const begun = Promise.withResolvers<void>();
    let ended = false;
    const work = async (signal: AbortSignal) => {
      begun.resolve();
      await new Promise((resolve) => { signal.addEventListener('abort', resolve); });
      await new Promise((resolve) => { setImmediate(resolve); });
      ended = true;
    };
    const scheduler = createScheduler([{ name: 'one', pauseMs: 0, work }], collectErrors());
    scheduler.start();
    await begun.promise;
    await scheduler.stop();
    expect(ended).to.equal(true);
  });

  it('logs what fails, and goes on', async () => {
    const log = collectErrors();
    const again = Promise.withResolvers<void>();
    let runs = 0;
    const failing = async () => {
      runs += 1;
      if (runs === 3) again.resolve();
      throw new Error('this time');
    };
    const scheduler = createScheduler([{ name: 'one', pauseMs: 0, work: failing }], log);
    scheduler.start();
    await again.promise;
    await scheduler.stop();
    expect(log.errors.length).to.be.at.least(3);
    expect(log.errors[0]).to.include({ task: 'one' });
  });

  it('keeps tasks from waiting for one another', async () => {
    const ran = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    const scheduler = createScheduler(
      [
        { name: 'slow', pauseMs: 0, work: () => held.promise },
        { name: 'quick', pauseMs: 1, work: async () => ran.resolve() },
      ],
      collectErrors(),
    );
    scheduler.start();
    await ran.promise;
    held.resolve();
    await scheduler.stop();
  });

  it('stops without having begun', () => createScheduler([], collectErrors()).stop());

  it('leaves a task to the process that holds its lease, and takes it over from one that has stopped', async () => {
    const leases = leasesInMemory();
    const runs: string[] = [];
    const reached = { one: Promise.withResolvers<void>(), two: Promise.withResolvers<void>() };
    const start = (name: 'one' | 'two') => {
      const scheduler = createScheduler([{ name: 'shared', pauseMs: 1, work: async () => {
        runs.push(name);
        if (runs.filter((run) => run === name).length === 3) reached[name].resolve();
      } }], collectErrors(), leases);
      scheduler.start();
      return scheduler;
    };
    const one = start('one');
    const two = start('two');
    await reached.one.promise;
    expect(new Set(runs)).to.deep.equal(new Set(['one']));
    await one.stop();
    await reached.two.promise;
    await two.stop();
  });
});
