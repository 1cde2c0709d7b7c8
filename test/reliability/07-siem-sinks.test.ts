/**
 * Promise 7, for SIEM sinks: whatever moment a worker dies at, its receiver gets every event at least once, in their order, and tells repetitions by
 * the event's id. A crash is a worker of which nothing is left but what it has stored.
 */
import { expect } from 'chai';
import { sinkFailed, type SinkRecord, type SinkTransport } from '../../application/delivery/siem-ports.ts';
import { createToRecord } from '../../application/delivery/siem-records.ts';
import { createSinkStatuses } from '../../application/delivery/siem-status.ts';
import { createSinkWorker } from '../../application/delivery/siem-worker.ts';
import type { StateStore } from '../../application/kernel/state.ts';
import type { SiemSink } from '../../domain/delivery/siem-sinks.ts';
import { type Embedded, openEmbedded } from '../../infrastructure/runtime/embedded.ts';
import { freeSlots } from '../support/free-slots.ts';
import { counted, sampleCodec, someCause, someStream, someTenant } from '../support/sample-events.ts';
import { seeded, type Seeded } from '../support/seeded.ts';
import { failOnFatal, silentLogger } from '../support/silent.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';

const RUNS = 100;
const EVENTS = 450;
const NOW = Date.UTC(2026, 2, 10, 14);
const clock = { now: () => NOW };
const toRecord = createToRecord({ toOcsf: ({ id }) => ({ metadata: { uid: id } }), toCef: () => undefined });

/** What a receiver has, and when the worker dies: before it got a batch, after it, or not. */
type Fate = 'before' | 'after' | 'refused' | 'taken';
const fateOf = (random: Seeded): Fate => (random.chance(0.5) ? 'taken' : random.pick(['before', 'after', 'refused'] as const));

/** Resolves, like a worker's last word, with what was stored until then; nothing is stored by the dead. */
const mortal = (state: StateStore, death: AbortSignal): StateStore => ({
  ...state,
  get: (...asked) => state.get(...asked),
  compareAndSet: (...asked) => (death.aborted ? Promise.reject(new Error('dead')) : state.compareAndSet(...asked)),
});

type Receiver = string[];
/** `end`: the last thing that a worker does which does not die. */
type Life = Readonly<{ send: SinkTransport['send']; end: () => void }>;
type Begin = (receiver: Receiver, random: Seeded, die: () => void) => Life;

const honest: Begin = (receiver, random, die) => ({
  send: async (records) => {
    const fate = fateOf(random);
    if (fate === 'before') die();
    if (fate === 'before' || fate === 'refused') throw sinkFailed({ reason: 'unreachable' });
    receiver.push(...records.map(({ id }) => id));
    if (fate === 'after') die();
  },
  end: () => undefined,
});

/** The planted fault: says that it has sent what it will only send the next time, after the checkpoint has moved. */
const hasty: Begin = (receiver, random, die) => {
  let queue: readonly SinkRecord[] = [];
  const flush = (): void => { receiver.push(...queue.map(({ id }) => id)); };
  return {
    send: async (records) => {
      if (fateOf(random) === 'before') {
        die();
        throw sinkFailed({ reason: 'unreachable' });
      }
      flush();
      queue = records;
    },
    end: flush,
  };
};

describe('promise 7: SIEM sinks, at least once over crashes', function suite() {
  this.timeout(60_000);
  let directory: TemporaryDirectory;
  let opened: Embedded;
  const tenant = someTenant();
  const ids: string[] = [];

  before(async () => {
    directory = temporaryDirectory();
    opened = await openEmbedded({ dataDir: directory.path, codec: sampleCodec, clock, logger: silentLogger, onFatal: failOnFatal });
    await opened.store.append(someStream(tenant), 'none', Array.from({ length: EVENTS }, (_, index) => counted(index)), someCause);
    const { events } = await opened.log.feed({ tenant }).pull(undefined, EVENTS, new AbortController().signal);
    ids.push(...events.map(({ id }) => id));
  });

  after(async () => {
    await opened.close();
    directory.remove();
  });

  /** Workers of one sink, one after another, until none of them dies; answers what the receiver got, and how many lived. */
  const live = async (run: number, begin: Begin): Promise<Readonly<{ receiver: Receiver; lives: number }>> => {
    const random = seeded(run);
    const receiver: Receiver = [];
    const sink: SiemSink = {
      sinkId: `sink-${run}-${begin.name}`, name: 'x', target: { kind: 'bus', topic: 't' }, types: null, secret: null, startAfter: null, startTime: null, createdAt: '', paused: false, changes: 0,
    };
    const head = await opened.log.head();
    for (let lives = 1; ; lives += 1) {
      const death = new AbortController();
      const stop = new AbortController();
      const state = mortal(opened.state, death.signal);
      const die = (): void => { death.abort(); stop.abort(); };
      const feed = opened.log.feed({ tenant });
      const { send, end } = begin(receiver, random, die);
      const worker = createSinkWorker({
        tenant, sink, transport: { send, close: async () => undefined }, toRecord, state, slots: freeSlots, statuses: createSinkStatuses(state), clock,
        feed: { pull: (after, limit, signal) => { if (after === head) stop.abort(); return feed.pull(after, limit, signal); } },
        random: () => 0, pause: async () => undefined, logger: silentLogger,
      });
      await worker.run(stop.signal);
      if (death.signal.aborted) continue;
      end();
      return { receiver, lives };
    }
  };

  const missing = (receiver: Receiver): readonly string[] => ids.filter((id) => !receiver.includes(id));

  it(`${RUNS} runs: nothing is missing, and what is new comes in order`, async () => {
    let [deaths, repeated] = [0, 0];
    for (let run = 1; run <= RUNS; run += 1) {
      const { receiver, lives } = await live(run, honest);
      expect([...new Set(receiver)], `run ${run}`).to.deep.equal(ids);
      deaths += lives - 1;
      repeated += receiver.length - ids.length;
    }
    expect(deaths, 'workers that died').to.be.greaterThan(RUNS / 2);
    expect(repeated, 'events that came again').to.be.greaterThan(0);
  });

  it('goes red where the checkpoint moves before the effect', async () => {
    let lost = 0;
    for (let run = 1; run <= 10; run += 1) lost += missing((await live(run, hasty)).receiver).length;
    expect(lost).to.be.greaterThan(0);
  });
});
