/**
 * Promise 13: whatever is sent, the answer is one of the documented ones. Mutants of every route's requests, made from the route tables;
 * published texts and strings; broken HTTP over raw sockets. A seed in the environment (`FUZZ_SEED`) repeats a run, `FUZZ_REQUESTS` widens it.
 */
import { expect } from 'chai';
import { parse } from 'csv-parse/sync';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { availableParallelism, loadavg } from 'node:os';
import type { Route } from '../../api/kernel/route.ts';
import type { Surface } from '../../api/kernel/surface.ts';
import { createJudge, type Fault } from './judge.ts';
import { createRandom, JSON_TEXTS, makeMutant, NAUGHTY, type Mutant, type Random, type Seeds } from './mutants.ts';
import { addPerson, apiKeyHeader, createAsk, makeKey, makeLockKey, makeTenant, newId, signBody, signIn, startWorld, type Answered, type Ask, type World } from './world.ts';

const SEED = Number(process.env['FUZZ_SEED'] ?? 20_260_309);
const REQUESTS = Number(process.env['FUZZ_REQUESTS'] ?? 10_000);
/** One for each surface: what is changed through the platform does not close the other one's doors. */
const SLUG = 'fuzzed';
const OTHER_SLUG = 'fuzzed-too';
const AT_ONCE = 8;
/** Of a thousand, the slowest. Where more want to run than there are processors, everybody waits for longer. */
const SLOWEST_MS = 250 * Math.max(1, (loadavg()[0] ?? 0) / availableParallelism());
/** Hashing a password, or copying all data, takes its time by design. */
const COSTLY = new Set(['signIn', 'login', 'createTenant', 'addMember', 'startJob', 'signDigest']);
const CHEAPER = 10;

type Found = Readonly<{ surface: string; operationId: string; mutant: Mutant; status: number; text: string }> & Fault;

const shown = ({ mutant, text, ...rest }: Found): object => ({ ...rest, path: mutant.path.slice(0, 200), body: String(mutant.body ?? '').slice(0, 200), text: text.slice(0, 300) });

/** Distinct addresses: limits by address are not what is looked for. */
let addresses = 0;
const address = (): string => `198.18.${Math.floor((addresses += 1) / 250) % 250}.${addresses % 250}`;

const send = (ask: Ask, mutant: Mutant, authorization: string | undefined): Promise<Answered> =>
  ask({ ...mutant, authorization, headers: { 'x-forwarded-for': address(), ...apiKeyHeader(authorization), ...mutant.headers } });

describe('promise 13: fuzz', function suite() {
  this.timeout(120_000);
  let world: World;
  let credentials: Readonly<Record<string, readonly string[]>>;
  let seedsOf: (surface: string, route: Route) => Seeds;
  const crashes: unknown[] = [];
  const onCrash = (error: unknown): void => void crashes.push(error);

  before(async () => {
    process.on('unhandledRejection', onCrash);
    world = await startWorld();
    const owners = await Promise.all(
      [SLUG, OTHER_SLUG].map(async (slug) => {
        const { ownerEmail, ownerId } = await makeTenant(world, slug);
        return signIn(world, ownerEmail, ownerId);
      }),
    );
    const key = await makeKey(world, SLUG, ['sign', 'read_audit']);
    const { userId } = await addPerson(world, OTHER_SLUG, 'viewer');
    const signed = await world.make(key.authorization, 'POST', '/qwick-cert/api/v1/sign-digest', signBody(SLUG));
    credentials = {
      platform: [world.operator, world.operator, world.operator, owners[1]?.authorization ?? ''],
      'qwick-cert': [owners[0]?.authorization ?? '', key.authorization],
      'quantum-lock': [(await makeLockKey(world, SLUG)).authorization, (await makeLockKey(world, SLUG, 'service')).authorization],
    };
    await world.make(world.operator, 'PUT', `/platform/v1/tenants/${SLUG}/plans/quantum-lock`, { plan: 'enterprise' });
    const licence = await world.ask({ method: 'POST', path: '/quantum-lock/api/v1/licenses/generate', headers: apiKeyHeader(credentials['quantum-lock']?.[0]), body: '{"end_customer_id":"fuzzed"}' });
    const { license_key: licenceKey } = JSON.parse(licence.text) as { license_key: string };
    const ids: Readonly<Record<string, string>> = { platform: (await makeKey(world, OTHER_SLUG, ['sign'])).id, 'qwick-cert': String(signed['data'].operation_id) };
    await world.make(world.operator, 'POST', `/platform/v1/tenants/${OTHER_SLUG}/kms-keys`, { key_id: 'fuzzed', algorithm: 'ED25519' });
    const hook = await world.make(world.operator, 'POST', `/platform/v1/tenants/${OTHER_SLUG}/webhooks`, { url: 'https://hooks.example.com' });
    await world.make(world.operator, 'PATCH', `/platform/v1/tenants/${OTHER_SLUG}/webhooks/${String(hook['id'])}`, { enabled: false });
    const sink = await world.make(world.operator, 'POST', `/platform/v1/tenants/${OTHER_SLUG}/siem-sinks`, { name: 'fuzzed', kind: 'ocsf-http', url: 'https://siem.example.com' });
    await world.make(world.operator, 'POST', `/platform/v1/tenants/${OTHER_SLUG}/siem-sinks/${String(sink['id'])}/pause`, {});
    const idOf = (surface: string, { path }: Route): string => {
      if (path.includes('/webhooks/')) return String(hook['id']);
      // A test goes out, and takes the time that others take.
      if (path.includes('/siem-sinks/')) return path.endsWith('/test') ? newId() : String(sink['id']);
      return ids[surface] ?? newId();
    };
    seedsOf = (surface, route) => ({
      params: { slug: OTHER_SLUG, surface: 'qwick-cert', user_id: userId, id: idOf(surface, route), delivery_id: 'msg_none', name: 'none', license_key: licenceKey, key_id: 'fuzzed', version: '1' },
      query: surface === 'qwick-cert' ? { organization_slug: SLUG } : {},
      body: (route.operationId === 'signDigest' ? signBody(SLUG) : route.bodyExample) as Seeds['body'],
    });
  });
  after(async () => {
    await world.stop();
    process.off('unhandledRejection', onCrash);
  });

  /** Whoever signs out cannot go on. */
  const authorize = (surface: string, operationId: string, random: Random): string | undefined =>
    operationId === 'signOut' ? world.operator : random.chance(20) ? random.pick([undefined, 'Bearer', `Bearer ${'x'.repeat(5_000)}`, `Bearer ${Buffer.from(random.pick(NAUGHTY)).toString('base64url')}`, 'Bearer a.b.c']) : random.pick(credentials[surface] ?? []);

  /** As many mutants of each route, sent by a few at once; every fault found, and every time taken. */
  const fuzz = async (ask: Ask, surfaces: readonly Surface[], each: (operationId: string) => number) => {
    const found: Found[] = [];
    const times: number[] = [];
    const statuses = new Map<number, number>();
    const work = surfaces.flatMap((surface) => {
      const judge = createJudge(surface);
      return surface.routes.flatMap((route) => Array.from({ length: each(route.operationId) }, (_, index) => ({ surface, judge, route, index })));
    });
    const order = createRandom(SEED);
    const queue = work.map((item) => ({ item, at: order.below(1e9) })).toSorted((one, other) => one.at - other.at).map(({ item }) => item);
    const worker = async (): Promise<void> => {
      for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
        const { surface, judge, route } = next;
        const mutant = makeMutant(surface.mount, route, seedsOf(surface.name, route), order);
        const answer = await send(ask, mutant, authorize(surface.name, route.operationId, order));
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
        if (!COSTLY.has(route.operationId)) times.push(answer.ms);
        // A problem names the path that was asked for, which is the caller's own text.
        const text = answer.text.replaceAll(mutant.path.split('?')[0] ?? '', '/');
        for (const fault of judge(route, { ...answer, text })) found.push({ surface: surface.name, operationId: route.operationId, mutant, status: answer.status, text: answer.text, ...fault });
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    return { found, statuses, times: times.toSorted((one, other) => one - other), sent: work.length };
  };

  it(`gives ${REQUESTS} mutants of all routes documented answers, and lets nothing slip (seed ${SEED})`, async () => {
    const routes = world.surfaces.flatMap(({ routes: table }) => table);
    const costly = routes.filter(({ operationId }) => COSTLY.has(operationId)).length;
    const share = Math.ceil(REQUESTS / (routes.length - costly + costly / CHEAPER));
    const { found, statuses, times, sent } = await fuzz(world.ask, world.surfaces, (operationId) => Math.ceil(COSTLY.has(operationId) ? share / CHEAPER : share));
    expect(found.slice(0, 5).map(shown)).to.deep.equal([]);
    expect(sent).to.be.at.least(REQUESTS);
    expect(statuses.size, 'kinds of answers').to.be.greaterThan(8);
    expect(statuses.get(200), 'mutants that were nearly right').to.be.greaterThan(sent / 50);
    expect(times.at(Math.floor(times.length * 0.999)), 'p99.9 in milliseconds').to.be.lessThan(SLOWEST_MS);
  });

  it(`takes every text of the published suite on every route with a body (${JSON_TEXTS.length} texts)`, async () => {
    const found: Found[] = [];
    const random = createRandom(SEED);
    for (const surface of world.surfaces) {
      const judge = createJudge(surface);
      const route = surface.routes.filter(({ body }) => body !== undefined);
      for (const [index, body] of JSON_TEXTS.entries()) {
        const one = route[index % route.length] as Route;
        const mutant = { ...makeMutant(surface.mount, one, { ...seedsOf(surface.name, one), body: {} }, random), path: surface.mount + one.path.replaceAll(/:\w+/g, SLUG), headers: {}, body };
        const authorization = credentials[surface.name]?.[one.permission === 'kms' ? 1 : 0];
        const answer = await world.ask({ ...mutant, authorization, headers: apiKeyHeader(authorization) });
        expect(answer.status, mutant.path).to.be.within(400, 499);
        for (const fault of judge(one, answer)) found.push({ surface: surface.name, operationId: one.operationId, mutant, status: answer.status, text: answer.text, ...fault });
      }
    }
    expect(found.map(shown)).to.deep.equal([]);
  });

  it('gives naughty file names back as they came, in JSON and, neutral, in CSV', async () => {
    await makeTenant(world, 'naughty');
    const signer = await makeKey(world, 'naughty', ['sign', 'read_audit']);
    const taken: string[] = [];
    for (const name of NAUGHTY.filter((_, index) => index % 5 === 0)) {
      const body = JSON.stringify({ ...signBody('naughty', name), file_kind: 'pe' });
      const { status, text } = await world.ask({ method: 'POST', path: '/qwick-cert/api/v1/sign-digest', authorization: signer.authorization, body });
      expect(status, `${name}: ${text.slice(0, 200)}`).to.be.oneOf([200, 400]);
      if (status === 200) taken.push(name);
    }
    expect(taken.length).to.be.greaterThan(50);
    const list = await world.make(signer.authorization, 'GET', '/qwick-cert/api/v1/signing-operations?organization_slug=naughty&page_size=100');
    const names = list['data'].items.map((item: { file_name: string }) => item.file_name) as readonly string[];
    expect(names.toSorted()).to.deep.equal(taken.slice(-names.length).toSorted());
    const exported = await world.ask({ method: 'GET', path: '/qwick-cert/api/v1/signing-operations/export?organization_slug=naughty', authorization: signer.authorization });
    const cells = (parse(exported.text, { columns: true }) as readonly { file_name: string }[]).map((row) => row.file_name);
    expect(cells.filter((cell) => /^[=+\-@\t\r\0]/.test(cell))).to.deep.equal([]);
    expect(cells.map((cell) => (/^'[=+\-@\t\r\0]/.test(cell) ? cell.slice(1) : cell)).toSorted()).to.deep.equal(taken.toSorted());
  });

  const RAW: readonly string[] = [
    'GET / HTTP/1.1\r\n\r\n', '\0\0\0\0\r\n\r\n', 'GET /platform/v1/tenants\0 HTTP/1.1\r\nHost: x\r\n\r\n', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`,
    'POST /platform/v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /metrics HTTP/1.1\r\nHost: x\r\n\r\n',
    'POST /platform/v1/sessions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\nfffffffffffffffff\r\n',
    'POST /platform/v1/sessions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'GET / HTTP/1.1\nHost: x\n\n', 'CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n',
    'GET /platform/v1/tenants HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\n\r\n', `${'GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(50)}\r\nrubbish\r\n\r\n`, '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  ];
  it('answers broken HTTP with 4xx or not at all, and goes on', async () => {
    const random = createRandom(SEED);
    const noise = Array.from({ length: 100 }, () => {
      const base = random.pick(RAW);
      const at = random.below(base.length);
      return base.slice(0, at) + String.fromCharCode(random.below(256)) + base.slice(at + random.below(3));
    });
    for (const text of [...RAW, ...noise]) {
      const answer = await new Promise<string>((resolve) => {
        let got = '';
        const socket = connect(world.port, '127.0.0.1', () => socket.end(Buffer.from(text, 'latin1')));
        socket.setEncoding('latin1').on('data', (piece: string) => { got += piece; }).on('error', () => undefined).on('close', () => resolve(got));
      });
      for (const [, status] of answer.matchAll(/HTTP\/1\.1 (\d{3}) /g)) expect(Number(status), JSON.stringify(text.slice(0, 100))).to.be.within(200, 499);
    }
    expect((await world.ask({ method: 'GET', path: '/healthz' })).status).to.equal(200);
  });

  it('goes red on a route that parses and answers on its own', async () => {
    const surface = world.surfaces.find(({ name }) => name === 'qwick-cert') as Surface;
    const route = surface.routes.find(({ operationId }) => operationId === 'createApiKey') as Route;
    const planted = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
        try {
          const { name } = JSON.parse(Buffer.concat(chunks).toString()) as { name: string };
          const made = JSON.stringify({ made: name.trim() });
          response.writeHead(201, { 'content-type': 'application/json' }).end(made);
        } catch (error) {
          response.writeHead(500).end((error as Error).stack);
        }
      });
    });
    await new Promise<void>((resolve) => { planted.listen(0, '127.0.0.1', resolve); });
    const { ask, close } = createAsk((planted.address() as AddressInfo).port);
    const { found } = await fuzz(ask, [{ ...surface, routes: [route] }], () => 50);
    close();
    planted.close();
    expect(new Set(found.map(({ kind }) => kind))).to.deep.equal(new Set(['server error', 'shape', 'leak', 'headers']));
  });

  it('is still there, with nothing thrown past everyone', async () => {
    expect(crashes).to.deep.equal([]);
    expect((await world.ask({ method: 'GET', path: '/readyz' })).status).to.equal(200);
  });
});
