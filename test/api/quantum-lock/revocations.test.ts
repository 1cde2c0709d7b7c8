/** The revocation list, sent as it is read. */
import { expect } from 'chai';
import { get } from 'node:http';
import { connect, type Socket } from 'node:net';
import { Rejection } from '../../../domain/kernel/rejection.ts';
import type { Revocation } from '../../../application/licensing/ports.ts';
import { API, startScripted, type Scripted } from './scripted.ts';

const keyOf = (number: number): string => `QCOS-0000-0000-0000-0000-0000-0000-${number.toString(16).toUpperCase().padStart(8, '0').replace(/^(.{4})/, '$1-')}`;
const revocation = (number: number): Revocation => ({ licenceKey: keyOf(number), revokedAt: '2025-06-15T14:30:00.000Z', position: String(number).padStart(8, '0') });

async function* many(count: number): AsyncIterable<Revocation> {
  for (let number = 1; number <= count; number += 1) yield revocation(number);
}

async function* failing(after: number, error: Error): AsyncIterable<Revocation> {
  yield* many(after);
  throw error;
}

async function* jumped(): AsyncIterable<Revocation> {
  yield { ...revocation(1), position: '00000009' };
  yield { ...revocation(2), position: '00000004' };
}

const { promise: never } = Promise.withResolvers<never>();

/** Never ends. */
async function* unfinished(): AsyncIterable<Revocation> {
  yield* many(500);
  await never;
}

describe('quantum-lock: the revocation list', () => {
  let lock: Scripted;
  before(async () => {
    lock = await startScripted();
  });
  beforeEach(() => lock.reset());
  after(() => lock.close());

  it('says keys, count, the time before it was read, and the newest position; the moment is passed on in UTC', async () => {
    const asked: unknown[] = [];
    lock.script.revocations = (_tenant, since) => {
      asked.push(since);
      return many(2);
    };
    const { status, text, headers } = await lock.call('GET', `${API}/revocations?since=2025-06-01T00:00:00Z`);
    expect(status).to.equal(200);
    expect(headers.get('content-type')).to.equal('application/json; charset=utf-8');
    expect(text).to.equal(JSON.stringify({ revoked_ids: [keyOf(1), keyOf(2)], count: 2, timestamp: '2025-06-15T14:30:00', position: '00000002' }));
    await lock.call('GET', `${API}/revocations?since=2025-06-01T02:00:00%2B02:00`);
    await lock.call('GET', `${API}/revocations`);
    expect(asked).to.deep.equal(['2025-06-01T00:00:00.000Z', '2025-06-01T00:00:00.000Z', undefined]);
  });

  it('is whole whatever its length', async () => {
    for (const count of [0, 1, 499, 500, 501, 1_000, 12_345]) {
      lock.script.revocations = () => many(count);
      const { json } = await lock.call('GET', `${API}/revocations`);
      expect([json.count, json.revoked_ids.length, json.revoked_ids.at(-1), json.position]).to.deep.equal([
        count, count, count === 0 ? undefined : keyOf(count), count === 0 ? null : revocation(count).position,
      ]);
    }
  });

  it('is not read further for a HEAD', async () => {
    const released = Promise.withResolvers<void>();
    lock.script.revocations = async function* held() {
      try {
        yield* many(1_000_000);
      } finally {
        released.resolve();
      }
    };
    const { status, text } = await lock.call('HEAD', `${API}/revocations`);
    await released.promise;
    expect([status, text]).to.deep.equal([200, '']);
  });

  it('names the newest position also when the clock had jumped back', async () => {
    lock.script.revocations = jumped;
    expect((await lock.call('GET', `${API}/revocations`)).json.position).to.equal('00000009');
  });

  it('is an error while nothing of it has been sent, and cut off afterwards', async () => {
    lock.script.revocations = () => failing(0, new Rejection('storage.behind'));
    const { status, json } = await lock.call('GET', `${API}/revocations`);
    expect([status, json]).to.deep.equal([503, { detail: 'Service temporarily unavailable' }]);
    lock.script.revocations = () => failing(1_200, new Error('gone'));
    const cut = await lock.call('GET', `${API}/revocations`).then(() => 'whole', () => 'cut off');
    expect(cut).to.equal('cut off');
  });

  it('reads no more than its client takes, and lets go when the client does', async () => {
    let read = 0;
    const released = Promise.withResolvers<void>();
    lock.script.revocations = async function* endless() {
      try {
        for (;;) yield revocation((read += 1));
      } finally {
        released.resolve();
      }
    };
    const first = Promise.withResolvers<void>();
    const request = get(`${lock.running.url}${API}/revocations`, { headers: { 'x-api-key': 'qlk_good' } }, (response) => {
      response.once('data', () => {
        response.pause();
        first.resolve();
      }).on('error', () => undefined);
    }).on('error', () => undefined);
    await first.promise;
    let before = -1;
    // Both ends' buffers fill, and then nothing is read any more.
    for (let calm = 0; calm < 100; ) {
      calm = read === before ? calm + 1 : 0;
      before = read;
      await new Promise((resolve) => { setImmediate(resolve); });
    }
    expect(read * revocation(1).licenceKey.length, 'bytes ahead of the client').to.be.lessThan(16_000_000);
    request.destroy();
    await released.promise;
  });

  /** Requests on one connection, none of which waits for the answers before it; resolves when so many of them are being read. */
  const pipelined = async (paths: readonly string[], reading: number): Promise<Socket> => {
    const all = Promise.withResolvers<void>();
    let begun = 0;
    const begin = (): void => {
      begun += 1;
      if (begun === reading) all.resolve();
    };
    lock.script.revocations = () => { begin(); return unfinished(); };
    lock.script.bundle = async () => { begin(); return never; };
    const socket = connect(lock.running.port, '127.0.0.1').on('error', () => undefined);
    socket.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\nX-API-Key: qlk_good\r\n\r\n`).join(''));
    await all.promise;
    return socket;
  };

  describe('of an account, and the signed one', () => {
    const PATHS = [`${API}/revocations`, `${API}/revocations/bundle`] as const;
    const list = (key = 'qlk_good') => lock.call('GET', PATHS[0], { key });
    const bundle = () => lock.call('GET', PATHS[1]);
    /** Resolves when two are let in again. */
    const untilFree = async (): Promise<void> => {
      lock.reset();
      while (!(await Promise.all([list(), bundle()])).every(({ status }) => status === 200));
    };
    it('are two at once: the third is told to come back, and is nobody else\'s matter', async () => {
      const socket = await pipelined([...PATHS, ...PATHS], 2);
      for (const { status, headers, json } of [await list(), await bundle()]) {
        expect([status, headers.get('retry-after'), json]).to.deep.equal([429, '2', { detail: 'Too many revocation lists at once' }]);
      }
      lock.script.revocations = () => many(3);
      expect((await list('qlk_other')).json.count).to.equal(3);
      socket.destroy();
      await untilFree();
    });

    it('wait for none of those that were given up, however many they were', async () => {
      let reads = 0;
      const socket = await pipelined(Array.from({ length: 400 }, (_, index) => PATHS[index % 2] ?? ''), 2);
      socket.destroy();
      await untilFree();
      lock.script.revocations = () => { reads += 1; return many(1); };
      expect((await list()).status).to.equal(200);
      expect(reads).to.equal(1);
    });

    it('make room again when they fail, or are asked for their head', async () => {
      lock.script.revocations = () => failing(0, new Rejection('storage.behind'));
      lock.script.bundle = async () => { throw new Rejection('storage.behind'); };
      for (let time = 0; time < 3; time += 1) expect([(await list()).status, (await bundle()).status]).to.deep.equal([503, 503]);
      lock.script.revocations = () => many(2_000);
      for (let time = 0; time < 3; time += 1) expect((await lock.call('HEAD', PATHS[0])).status).to.equal(200);
      await untilFree();
    });
  });
});
