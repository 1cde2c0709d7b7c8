/** Promise 11: who follows the log and does not read is cut off, holds up nobody, and comes back without a gap. */
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { expect } from 'chai';
import type { EventStore } from '../../application/kernel/ports.ts';
import { streamId, type TenantId } from '../../domain/kernel/ids.ts';
import { resolve } from '../../api/composition/provide.ts';
import { fanout, storage } from '../../api/composition/tokens.ts';
import type { EventStreams } from '../../projections/fanout/stream.ts';
import { createTenant, startApp, type App, type Tenant } from '../support/app.ts';
import { until } from '../support/until.ts';

const READERS = 10;
const STALLED = 3;
/** 20 kB each: more than all the buffers between two programs take. */
const EVENTS = 800;
const FEATURES = Array.from({ length: 200 }, (_, n) => `feature ${String(n).padStart(3, '0')} ${'x'.repeat(88)}`);
const generated = JSON.parse(readFileSync(new URL('../support/fixtures/licensing.LicenceGenerated.v1.json', import.meta.url), 'utf8')) as object;
/** A second until they count as stalled, and two looks. */
const CUT_WITHIN_MS = 3_000;
const SYSTEM = { actor: { kind: 'system', id: 'test' }, correlation: 'test' } as const;

/** Appends licences of the largest kind; answers the positions. */
const sell = async (store: EventStore, { id }: Pick<Tenant, 'id'>, volume: string): Promise<void> => {
  for (let number = 0; number < EVENTS; number += 50) {
    const events = Array.from({ length: 50 }, () => ({ type: 'LicenceGenerated', data: { ...generated, features: FEATURES } }));
    await store.append(streamId('licensing.ledger', id as TenantId, volume), 'any', events, SYSTEM);
  }
};

/** One client that takes what it is sent only when it is told to. */
class Follower {
  readonly #socket: Socket;
  /** What of an event is not complete. */
  #rest = '';
  readonly #ids: string[] = [];
  readonly ended: Promise<unknown>;

  constructor(app: App, { slug }: Pick<Tenant, 'slug'>, last = '0'.repeat(20)) {
    const { hostname, port } = new URL(app.url);
    this.#socket = connect(Number(port), hostname);
    this.ended = new Promise((close) => { this.#socket.once('close', close); });
    this.#socket.write(`GET /platform/v1/tenants/${slug}/events?stream=true&after=0 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${app.operatorToken}\r\nLast-Event-ID: ${last}\r\n\r\n`);
    this.#socket.on('error', () => undefined);
  }

  read(): void {
    this.#socket.on('data', (chunk: Buffer) => this.#take(chunk.toString('latin1')));
  }

  /** Of complete events: the last is what a client would come back with. */
  get ids(): readonly string[] {
    return this.#ids;
  }

  leave(): void {
    this.#socket.destroy();
  }

  #take(text: string): void {
    const frames = (this.#rest + text).split('\n\n');
    this.#rest = frames.pop() ?? '';
    for (const frame of frames) {
      const id = /(?:^|\n)id: (\d{20})\n/u.exec(frame)?.[1];
      if (id !== undefined) this.#ids.push(id);
    }
  }
}

describe('promise 11: streams and who does not read them', function suite() {
  this.timeout(60_000);
  let app: App;
  let tenant: Tenant;
  let streams: EventStreams;

  before(async () => {
    app = await startApp();
    tenant = await createTenant(app, 'followed');
    streams = resolve(app.program.container, fanout.streams);
  });
  after(() => app.close());

  const leave = async (followers: readonly Follower[]): Promise<void> => {
    for (const follower of followers) follower.leave();
    await until('nobody is left', () => streams.count() === 0 || undefined);
  };
  /** Clients that read and clients that do not, much that happens, and how many are left of those who do not three seconds after the others have it all. */
  const run = async (volume: string) => {
    const after = await resolve(app.program.container, storage.log).head() ?? '0';
    const readers = Array.from({ length: READERS }, () => new Follower(app, tenant, after));
    const stalled = Array.from({ length: STALLED }, () => new Follower(app, tenant, after));
    for (const reader of readers) reader.read();
    await until('all are there', () => streams.count() === READERS + STALLED || undefined);
    await sell(resolve(app.program.container, storage.store), tenant, volume);
    await until('every reader has everything', () => readers.every((reader) => reader.ids.length >= EVENTS) || undefined);
    const end = performance.now() + CUT_WITHIN_MS;
    const left = await until('the others are cut', () => (streams.count() === READERS || performance.now() > end ? streams.count() - READERS : undefined));
    return { readers, stalled, left };
  };

  it('cuts who has stopped reading, and brings the others everything meanwhile', async () => {
    const { readers, stalled, left } = await run('900001');
    expect(left).to.equal(0);
    const expected = readers[0]?.ids ?? [];
    expect(new Set(expected).size).to.equal(expected.length);
    expect(expected).to.deep.equal(expected.toSorted());
    for (const reader of readers) expect(reader.ids).to.deep.equal(expected);
    for (const follower of stalled) {
      follower.read();
      await follower.ended;
      expect(follower.ids.length).to.be.lessThan(expected.length);
      const again = new Follower(app, tenant, follower.ids.at(-1));
      again.read();
      await until('the rest', () => follower.ids.length + again.ids.length >= expected.length || undefined);
      expect([...follower.ids, ...again.ids]).to.deep.equal(expected);
      again.leave();
    }
    await leave(readers);
  });

  it('goes red without back-pressure: with connections that keep whatever a client does not take', async () => {
    const { open } = streams;
    const greedy: EventStreams['open'] = (request) => {
      const stream = open(request);
      return { ...stream, begin: (outlet) => stream.begin({ ...outlet, write: (bytes) => outlet.write(bytes) || true }) };
    };
    Object.assign(streams, { open: greedy });
    const { readers, stalled, left } = await run('900002');
    expect(left).to.equal(STALLED);
    await leave([...readers, ...stalled]);
    Object.assign(streams, { open });
  });
});
