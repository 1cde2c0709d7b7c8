/** A sink at work over a real log: at least once, in order, waiting where the receiver does not take what it is sent. */
import { expect } from 'chai';
import type { SiemMaps, SinkFailure, SinkRecord, SinkTransport } from '../../../application/delivery/siem-ports.ts';
import { sinkFailed } from '../../../application/delivery/siem-ports.ts';
import { batchesOf, createToRecord } from '../../../application/delivery/siem-records.ts';
import { createSinkStatuses } from '../../../application/delivery/siem-status.ts';
import { createSinkWorker, pauseAfter } from '../../../application/delivery/siem-worker.ts';
import type { Recorded } from '../../../application/kernel/ports.ts';
import type { SinkKind } from '../../../domain/delivery/siem-sink.events.ts';
import type { SiemSink } from '../../../domain/delivery/siem-sinks.ts';
import { type Embedded, openEmbedded } from '../../../infrastructure/runtime/embedded.ts';
import { counted, type Counted, sampleCodec, someCause, someStream, someTenant } from '../../support/sample-events.ts';
import { freeSlots } from '../../support/free-slots.ts';
import { failOnFatal, silentLogger } from '../../support/silent.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';

const NOW = Date.UTC(2026, 2, 10, 14);
let now = NOW;
const clock = { now: () => now };
const tenant = someTenant();
const sink: SiemSink = {
  sinkId: 'one', name: 'Collector', target: { kind: 'bus', topic: 'audit' }, types: null, secret: null, startAfter: null, startTime: null, createdAt: new Date(NOW).toISOString(), paused: false, changes: 0,
};
/** Nothing is said of every tenth. */
const countOf = (recorded: Recorded): number => (recorded as Recorded<Counted>).data.count;
const toRecord = createToRecord({ toOcsf: (recorded) => (countOf(recorded) % 10 === 0 ? undefined : { count: countOf(recorded) }), toCef: () => undefined });
const countIn = ({ body }: SinkRecord): number => (JSON.parse(body) as { count: number }).count;

describe('a SIEM sink at work', () => {
  let directory: TemporaryDirectory;
  let opened: Embedded;

  beforeEach(async () => {
    directory = temporaryDirectory();
    opened = await openEmbedded({ dataDir: directory.path, codec: sampleCodec, clock, logger: silentLogger, onFatal: failOnFatal });
  });

  afterEach(async () => {
    await opened.close();
    directory.remove();
  });

  const append = (from: number, upTo: number, owner = tenant) =>
    opened.store.append(someStream(owner), 'none', Array.from({ length: upTo - from + 1 }, (_, index) => counted(from + index)), someCause);

  type Waits = number[];
  const work = (send: SinkTransport['send'], waits: Waits, stop: AbortSignal, over: Partial<SiemSink> = {}) => {
    const worker = createSinkWorker({
      tenant, sink: { ...sink, ...over }, feed: opened.log.feed({ tenant }), transport: { send, close: async () => undefined }, toRecord, state: opened.state,
      statuses: createSinkStatuses(opened.state), slots: freeSlots, clock, random: () => 0.5, logger: silentLogger, pause: async (ms) => { waits.push(ms); },
    });
    return worker.run(stop);
  };

  it('sends what is its tenant\'s and has a meaning there, in order, and goes on after a restart where it stopped', async () => {
    await append(1, 450);
    await append(1_000, 1_100, someTenant());
    const [taken, waits]: [number[], Waits] = [[], []];
    const until = async (last: number): Promise<void> => {
      const stop = new AbortController();
      await work(async (records) => { taken.push(...records.map(countIn)); if (taken.at(-1) === last) stop.abort(); }, waits, stop.signal);
    };
    await until(449);
    await append(451, 459);
    await until(459);
    expect(taken).to.deep.equal(Array.from({ length: 459 }, (_, index) => index + 1).filter((count) => count % 10 !== 0));
    expect(waits).to.deep.equal([]);
    const status = await createSinkStatuses(opened.state).read({ tenant, sinkId: 'one' });
    expect(status).to.deep.equal({ delivered: taken.length, deliveredAt: new Date(NOW).toISOString(), trouble: null, skipped: 0, lastSkipped: null });
  });

  it('waits, longer each time or as long as it is asked to, and says so; nothing is passed over', async () => {
    await append(1, 3);
    const failures: SinkFailure[] = [{ reason: 'unreachable' }, { reason: 'status', status: 503, retryAfterMs: 30_000 }, { reason: 'timeout' }];
    const [sent, waits, stop]: [number[][], Waits, AbortController] = [[], [], new AbortController()];
    const statuses = createSinkStatuses(opened.state);
    const troubles: unknown[] = [];
    await work(async (records) => {
      sent.push(records.map(countIn));
      troubles.push((await statuses.read({ tenant, sinkId: 'one' })).trouble);
      const failure = failures.shift();
      if (failure !== undefined) throw sinkFailed(failure);
      stop.abort();
    }, waits, stop.signal);
    expect(sent).to.deep.equal([[1, 2, 3], [1, 2, 3], [1, 2, 3], [1, 2, 3]]);
    expect(waits).to.deep.equal([750, 30_000, 3_000]);
    const at = new Date(NOW).toISOString();
    expect(troubles.slice(0, 3)).to.deep.equal([
      null,
      { reason: 'unreachable', status: null, since: at, lastAt: at, attempts: 1, nextAt: new Date(NOW + 750).toISOString() },
      { reason: 'status', status: 503, since: at, lastAt: at, attempts: 2, nextAt: new Date(NOW + 30_000).toISOString() },
    ]);
    expect((await statuses.read({ tenant, sinkId: 'one' })).trouble).to.equal(null);
  });

  it('is broken off when it is stopped, and what was at hand comes again', async () => {
    await append(1, 3);
    const taken: number[][] = [];
    const first = new AbortController();
    await work(async (records) => { taken.push(records.map(countIn)); first.abort(); throw sinkFailed({ reason: 'unreachable' }); }, [], first.signal);
    const second = new AbortController();
    await work(async (records) => { taken.push(records.map(countIn)); second.abort(); }, [], second.signal);
    expect(taken).to.deep.equal([[1, 2, 3], [1, 2, 3]]);
  });

  it('goes on after what was no fault of the receiver', async () => {
    await append(1, 3);
    const [waits, stop]: [Waits, AbortController] = [[], new AbortController()];
    let asked = 0;
    await work(async () => { asked += 1; if (asked === 1) throw new TypeError('no'); stop.abort(); }, waits, stop.signal);
    expect([asked, waits]).to.deep.equal([2, [2_000]]);
  });

  it('halves what a receiver finds too large, passes over what is too large by itself, and says so', async () => {
    await append(1, 38);
    const [taken, asked, waits, stop]: [number[], number[], Waits, AbortController] = [[], [], [], new AbortController()];
    const big = 17;
    await work(async (records) => {
      asked.push(records.length);
      if (records.length > 6 || records.some((record) => countIn(record) === big)) throw sinkFailed({ reason: 'status', status: 413 });
      taken.push(...records.map(countIn));
      if (taken.at(-1) === 38) stop.abort();
    }, waits, stop.signal);
    expect(taken).to.deep.equal(Array.from({ length: 38 }, (_, index) => index + 1).filter((count) => count % 10 !== 0 && count !== big));
    expect(waits).to.deep.equal([]);
    expect(asked[0]).to.equal(35);
    expect(asked.length).to.be.lessThan(30);
    const { delivered, skipped, lastSkipped, trouble } = await createSinkStatuses(opened.state).read({ tenant, sinkId: 'one' });
    const [recorded] = (await opened.log.feed({ tenant }).pull(undefined, 100, AbortSignal.abort())).events.filter((event) => countOf(event) === big);
    expect({ delivered, skipped, trouble, lastSkipped }).to.deep.equal({ delivered: taken.length, skipped: 1, trouble: null, lastSkipped: { eventId: recorded?.id, position: recorded?.position, at: new Date(NOW).toISOString() } });
  });

  it('sends larger batches again, a little at a time, where a receiver takes them after all', async () => {
    await append(1, 3_000);
    const [asked, stop]: [number[], AbortController] = [[], new AbortController()];
    let taken = 0;
    await work(async (records) => {
      asked.push(records.length);
      if (asked.length <= 6) throw sinkFailed({ reason: 'status', status: 413 });
      taken += records.length;
      if (taken === 2_700) stop.abort();
    }, [], stop.signal);
    expect(asked[6]).to.be.lessThan(6);
    expect(Math.max(...asked.slice(6)), 'what the log gives at once').to.be.greaterThan(150);
  });

  it('leaves out what was before its time', async () => {
    await append(1, 3);
    now = NOW + 1_000;
    await append(4, 5);
    now = NOW;
    const taken: SinkRecord[] = [];
    const stop = new AbortController();
    await work(async (records) => { taken.push(...records); stop.abort(); }, [], stop.signal, { startTime: new Date(NOW + 1_000).toISOString() });
    expect(taken.map(countIn)).to.deep.equal([4, 5]);
  });
});

const sized = (octets: number): SinkRecord => ({ id: '', type: '', tenant, time: '', position: '', severity: 2, body: 'x'.repeat(octets) });

describe('what SIEM sinks send', () => {
  it('is cut into batches that are not too large, of one record at least', () => {
    const sizes = batchesOf([sized(40), sized(50), sized(20), sized(300), sized(1)], 100).map((batch) => batch.map(({ body }) => body.length));
    expect(sizes).to.deep.equal([[40, 50], [20], [300], [1]]);
    expect(batchesOf([])).to.deep.equal([]);
  });

  it('has of CEF the severity that the header says', () => {
    const recorded = { type: 'Counted', data: { count: 1 }, tenant } as unknown as Recorded;
    const severity = (line: string): number | undefined => createToRecord({ toOcsf: () => undefined, toCef: () => line })('cef-syslog', recorded)?.severity;
    expect(severity('CEF:0|Chancery|Chan\\|cery|1|a|b|8|k=v|9|')).to.equal(8);
    expect(severity('CEF:0|Chancery|Chancery|1|a|back\\\\|10|')).to.equal(10);
    expect(severity('nothing')).to.equal(2);
  });

  it('is called what the event is called outside', () => {
    const recorded = { type: 'Counted', data: { count: 1 }, tenant } as unknown as Recorded;
    const called = (maps: Partial<SiemMaps>, kind: SinkKind): string | undefined => createToRecord({ toOcsf: () => undefined, toCef: () => undefined, ...maps })(kind, recorded)?.type;
    expect(called({ toCef: () => 'CEF:0|Chancery|Chan\\|cery|1|chancery.things.counted|b\\|c|8|k=v|9|' }, 'cef-syslog')).to.equal('chancery.things.counted');
    expect(called({ toOcsf: () => ({ metadata: { event_code: 'chancery.things.counted' } }) }, 'ocsf-http')).to.equal('chancery.things.counted');
    expect([called({ toCef: () => 'nothing' }, 'cef-syslog'), called({ toOcsf: () => ({}) }, 'bus')]).to.deep.equal(['Counted', 'Counted']);
  });

  it('is tried again after twice as long each time, up to a minute, and never all at once', () => {
    expect([1, 2, 3, 7, 100].map((failures) => pauseAfter(failures, 0))).to.deep.equal([1_000, 2_000, 4_000, 60_000, 60_000]);
    expect([pauseAfter(1, 0.999), pauseAfter(100, 0.999)]).to.deep.equal([500, 30_030]);
    expect([pauseAfter(1, 0, 20_000), pauseAfter(1, 0, 86_400_000)]).to.deep.equal([20_000, 900_000]);
  });
});
