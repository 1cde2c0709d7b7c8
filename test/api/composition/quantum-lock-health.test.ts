import { expect } from 'chai';
import { createHealth } from '../../../api/composition/quantum-lock.ts';
import { fingerprintsWork } from '../../../application/licensing/self-test.ts';
import type { FingerprintHashes } from '../../../application/licensing/ports.ts';
import { Rejection } from '../../../domain/kernel/rejection.ts';
import type { EventLog } from '../../../application/kernel/ports.ts';
import type { StateStore } from '../../../application/kernel/state.ts';
import { fingerprintHashes } from '../../../infrastructure/crypto/fingerprint-hashes.ts';
import type { Projections } from '../../../projections/kernel/projections.ts';
import { createMemoryState } from '../kernel/support.ts';

const unavailable = async (): Promise<never> => { throw new Rejection('storage.unavailable'); };
const WORKING: Pick<EventLog, 'head'> = { head: async () => undefined };

const world = (over: Readonly<{ log?: Pick<EventLog, 'head'>; state?: Partial<StateStore>; ready?: boolean; lag?: number; hashes?: FingerprintHashes }> = {}) => {
  const knobs = { now: 1_000_000, looks: 0, ready: over.ready ?? true };
  const clock = { now: () => knobs.now };
  const log = { head: async () => { knobs.looks += 1; return (over.log ?? WORKING).head(); } } as unknown as EventLog;
  const state = { ...createMemoryState(clock.now), ...over.state };
  const projections = { ready: () => knobs.ready, status: async () => [0, over.lag ?? 30].map((lag) => ({ lag })) } as unknown as Projections;
  return { knobs, health: createHealth({ state, log, projections, clock, hashes: over.hashes ?? fingerprintHashes }) };
};

describe('the health of quantum-lock', () => {
  it('is good while events can be read, something can be stored, and questions are answered', async () => {
    expect(await world().health()).to.deep.equal({ storage: true, fingerprints: true });
  });

  it('is not while one of them fails', async () => {
    for (const over of [{ log: { head: unavailable } }, { state: { get: unavailable } }, { state: { compareAndSet: unavailable } }, { ready: false }, { lag: 31 }]) {
      expect(await world(over).health(), JSON.stringify(Object.keys(over))).to.deep.equal({ storage: false, fingerprints: true });
    }
  });

  it('is looked at once a second, however many ask, and again when the clock jumps back', async () => {
    const { knobs, health } = world();
    await Promise.all(Array.from({ length: 50 }, health));
    knobs.now += 999;
    await health();
    expect(knobs.looks).to.equal(1);
    knobs.now += 1;
    knobs.ready = false;
    expect((await health()).storage).to.equal(false);
    knobs.now -= 1_000_000;
    knobs.ready = true;
    expect((await health()).storage).to.equal(true);
    expect(knobs.looks).to.equal(3);
  });

  it('is looked at once for all who ask while an engine takes its time', async () => {
    const answer = Promise.withResolvers<undefined>();
    const { knobs, health } = world({ log: { head: () => answer.promise } });
    const asked = [health()];
    for (let seconds = 0; seconds < 10; seconds += 1) {
      knobs.now += 1_000;
      asked.push(health());
    }
    answer.resolve(undefined);
    expect(await Promise.all(asked)).to.deep.equal(asked.map(() => ({ storage: true, fingerprints: true })));
    expect(knobs.looks).to.equal(1);
  });

  const engines: Readonly<Record<string, Partial<FingerprintHashes>>> = {
    'finds everything equal': { equal: () => true },
    'finds nothing equal': { equal: () => false },
    'hashes everything to the same': { digest: () => '00' },
    'gives the same for every key': { keyed: () => (_customization, _message, bytes) => new Uint8Array(bytes) },
    'throws': { keyed: () => { throw new Error('no engine'); } },
  };
  for (const [fault, broken] of Object.entries(engines)) {
    it(`sees an engine that ${fault}`, async () => {
      const hashes = { ...fingerprintHashes, ...broken };
      expect(fingerprintsWork(hashes)).to.equal(false);
      expect(await world({ hashes }).health()).to.deep.equal({ storage: true, fingerprints: false });
    });
  }
});
