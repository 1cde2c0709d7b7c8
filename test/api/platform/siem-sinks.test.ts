/** SIEM sinks over the whole program: what is set, what arrives at real receivers, what is shown of it. */
import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { storage } from '../../../api/composition/tokens.ts';
import { resolve } from '../../../api/composition/provide.ts';
import { createTenant, signIn, startApp, type App } from '../../support/app.ts';
import { startCollector, type CollectedEvent } from '../../support/collector.ts';
import { requireTool } from '../../support/pending.ts';
import { prepareSyslog } from '../../support/syslog-ng.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { until } from '../../support/until.ts';

type Json = Readonly<Record<string, any>>; // oxlint-disable-line typescript/no-explicit-any -- answers are looked into at many places

const CANARY = 'canary-token-0451';
const entityOf = (event: CollectedEvent): Json => (event['entity'] ?? {}) as Json;
const CREATED = 'chancery.tenancy.credential.created';

describe('platform: SIEM sinks', function suite() {
  this.timeout(40_000);
  let app: App;
  let collector: Awaited<ReturnType<typeof startCollector>>;
  let tenants = 0;

  before(async () => {
    collector = await startCollector();
    app = await startApp({ env: { OUTBOUND_ALLOW: `127.0.0.1:${collector.port}` } });
  });
  after(async () => {
    await app.close();
    await collector.close();
  });
  // Sinks of earlier tests go on, and one may still have something to tell.
  beforeEach(() => collector.begin());

  const ask = async (method: string, path: string, body?: object, token = app.operatorToken): Promise<Readonly<{ status: number; body: Json }>> => {
    const answered = await app.ask(method, `/platform/v1${path}`, { token, body });
    return { status: answered.status, body: answered.text === '' ? {} : (answered.json() as Json) };
  };
  const organization = async (): Promise<string> => {
    tenants += 1;
    await createTenant(app, `watched-${tenants}`);
    return `watched-${tenants}`;
  };
  const make = async (base: string, more: object = {}): Promise<Json> => {
    const { status, body } = await ask('POST', `${base}/siem-sinks`, { name: 'Collector', kind: 'ocsf-http', url: collector.url, ...more });
    expect(status, JSON.stringify(body)).to.equal(201);
    return body;
  };
  /** Something that happens. */
  const happen = async (slug: string, name = 'made'): Promise<string> => (await ask('POST', `/tenants/${slug}/credentials`, { surface: 'quantum-lock', name })).body['id'];
  const arrived = (uid: string): Promise<void> => collector.heardEnough(() => collector.events().some((event) => entityOf(event)['uid'] === uid));
  const shown = (path: string, enough: (body: Json) => boolean): Promise<Json> =>
    until(path, async () => {
      const { body } = await ask('GET', path);
      return enough(body) ? body : undefined;
    });
  const fieldsOf = async (path: string, body: object, token?: string): Promise<readonly [number, readonly string[]]> => {
    const answered = await ask('POST', path, body, token);
    return [answered.status, Object.keys((answered.body['fields'] ?? {}) as object)];
  };

  it('tell a collector of what happens in a tenant, in OCSF, with their secret, and show how they are doing', async () => {
    const [slug, other] = [await organization(), await organization()];
    const base = `/tenants/${slug}`;
    const { id } = await make(base, { bearer_token: CANARY });
    await happen(other);
    const credential = await happen(slug, 'pipeline');
    await arrived(credential);
    const events = collector.events();
    const tenantIds = new Set(events.map(({ metadata }) => (metadata as Json)['tenant_uid']));
    expect([...tenantIds]).to.have.length(1);
    const [event] = events.filter((one) => entityOf(one)['uid'] === credential) as [CollectedEvent];
    expect(event).to.include({ class_uid: 3004, activity_id: 1, type_uid: 300401 });
    expect(collector.batches[0]?.headers['authorization']).to.equal(`Bearer ${CANARY}`);
    const sink = await shown(`${base}/siem-sinks/${id}`, ({ delivered, lag }) => delivered === events.length && lag === 0);
    expect(sink).to.deep.include({ kind: 'ocsf-http', header: 'Authorization', status: 'active', trouble: null, url: collector.url, types: null });
    expect(sink['position']).to.equal(sink['head']);
    expect(JSON.stringify([sink, (await ask('GET', `${base}/siem-sinks`)).body])).not.to.contain(CANARY);
  });

  it('keep their secret and their URL sealed in the log', async () => {
    const slug = await organization();
    const { id } = await make(`/tenants/${slug}`, { header: { name: 'X-Api-Key', value: CANARY }, url: `${collector.url}/${CANARY}` });
    const { body } = await ask('PATCH', `/tenants/${slug}/siem-sinks/${id}`, { url: `${collector.url}/${CANARY}/2`, bearer_token: `${CANARY}-2` });
    expect(body['url']).to.equal(`${collector.url}/${CANARY}/2`);
    const { events } = await resolve(app.program.container, storage.log).feed({ types: ['SiemSinkCreated', 'SiemSinkChanged'] }).pull(undefined, 100, new AbortController().signal);
    expect(events).not.to.have.length(0);
    expect(JSON.stringify(events)).to.contain('X-Api-Key').and.not.contain(CANARY);
  });

  it('begin in the past, with the types that they are asked for, in order', async () => {
    const slug = await organization();
    const made = [];
    for (let index = 0; index < 5; index += 1) made.push(await happen(slug, `key-${index}`));
    await make(`/tenants/${slug}`, { types: [CREATED], start: { position: '0' } });
    await arrived(made.at(-1) as string);
    expect(collector.events().map((event) => entityOf(event)['uid'])).to.deep.equal(made);
  });

  it('wait while the receiver does not take what it is sent, say so, and lose nothing', async () => {
    const slug = await organization();
    collector.answers((_count) => ({ status: 503 }));
    const { id } = await make(`/tenants/${slug}`, { types: [CREATED] });
    const made = [await happen(slug), await happen(slug)];
    const failing = await shown(`/tenants/${slug}/siem-sinks/${id}`, ({ status }) => status === 'failing');
    expect(failing['trouble']).to.deep.include({ reason: 'status', status: 503 });
    expect(failing['lag']).to.be.greaterThan(0);
    collector.answers(() => ({ status: 200 }));
    await arrived(made[1] as string);
    expect(collector.events().map((event) => entityOf(event)['uid'])).to.deep.equal(made);
    await shown(`/tenants/${slug}/siem-sinks/${id}`, ({ status }) => status === 'active');
  });

  it('get nothing while they pause, go on where they stopped, over a restart, and are deleted', async () => {
    const slug = await organization();
    const path = `/tenants/${slug}/siem-sinks`;
    const { id } = await make(`/tenants/${slug}`, { types: [CREATED] });
    const before = await happen(slug);
    await arrived(before);
    expect((await ask('POST', `${path}/${id}/pause`, {})).body['status']).to.equal('paused');
    const meanwhile = await happen(slug);
    await app.restart();
    expect((await ask('GET', `${path}/${id}`)).body['status']).to.equal('paused');
    await ask('POST', `${path}/${id}/resume`, {});
    await arrived(meanwhile);
    expect(new Set(collector.events().map((event) => entityOf(event)['uid']))).to.deep.equal(new Set([before, meanwhile]));
    expect((await ask('DELETE', `${path}/${id}`)).status).to.equal(204);
    expect((await ask('DELETE', `${path}/${id}`)).status).to.equal(204);
    expect((await ask('GET', `${path}/${id}`)).status).to.equal(404);
    expect((await ask('GET', path)).body['items']).to.deep.equal([]);
  });

  it('are changed: the next batch goes where they lead then, with what they present there, and none is lost', async () => {
    const slug = await organization();
    const path = `/tenants/${slug}/siem-sinks`;
    const { id } = await make(`/tenants/${slug}`, { bearer_token: CANARY, types: [CREATED] });
    const first = await happen(slug);
    await arrived(first);
    collector.answers(() => ({ status: 503, headers: { 'retry-after': '900' } }));
    const waiting = await happen(slug);
    await shown(`${path}/${id}`, ({ status }) => status === 'failing');
    const { position } = (await ask('GET', `${path}/${id}`)).body;
    collector.answers(() => ({ status: 200 }));
    collector.batches.splice(0);
    const moved = { name: 'Other', url: `${collector.url}/moved`, header: { name: 'X-Key', value: `${CANARY}-2` }, types: null };
    const { status, body } = await ask('PATCH', `${path}/${id}`, moved);
    expect([status, body['name'], body['url'], body['header'], body['types']]).to.deep.equal([200, 'Other', moved.url, 'X-Key', null]);
    expect(Date.parse(body['trouble']['next_at']) - Date.parse(body['trouble']['last_at']), 'it is tried at once').to.be.lessThan(900_000);
    await arrived(waiting);
    expect(collector.events().some((event) => entityOf(event)['uid'] === first), 'sent before').to.equal(false);
    const [batch] = collector.batches;
    expect(batch?.headers).to.include({ 'x-key': `${CANARY}-2` }).and.not.have.property('authorization');
    expect(JSON.stringify(body)).not.to.contain(CANARY);
    const later = await shown(`${path}/${id}`, ({ status: doing }) => doing === 'active');
    expect(BigInt(later['position']) > BigInt(position)).to.equal(true);
    const changes = async () => (await ask('GET', `/tenants/${slug}/events?type=chancery.delivery.siem_sink.changed`)).body['items'] as readonly Json[];
    expect(await changes()).to.have.length(1);
    for (const same of [moved, {}, { name: 'Other' }, { url: moved.url }, { header: moved.header }]) expect((await ask('PATCH', `${path}/${id}`, same)).status).to.equal(200);
    expect(await changes()).to.have.length(1);
    expect((await ask('PATCH', `${path}/${id}`, { header: null })).body['header']).to.equal(null);
    expect((await changes()).map(({ data }) => Object.keys(data as object))).to.deep.equal(Array.from({ length: 2 }, () => ['sink_id', 'name', 'kind', 'types', 'changed_at']));
  });

  it('are changed after a restart as before it, and go on where they were', async () => {
    const slug = await organization();
    const path = `/tenants/${slug}/siem-sinks`;
    const { id } = await make(`/tenants/${slug}`, { types: [CREATED] });
    await arrived(await happen(slug));
    await ask('PATCH', `${path}/${id}`, { name: 'Changed' });
    await app.restart();
    collector.batches.splice(0);
    const then = await happen(slug);
    await arrived(then);
    expect(collector.events().map((event) => entityOf(event)['uid'])).to.deep.equal([then]);
    expect((await ask('GET', `${path}/${id}`)).body).to.include({ name: 'Changed', url: collector.url });
  });

  it('refuse a change by the name of its field, and change nothing', async () => {
    const slug = await organization();
    const base = `/tenants/${slug}/siem-sinks`;
    const { id } = await make(`/tenants/${slug}`, { bearer_token: CANARY });
    const before = (await ask('GET', `${base}/${id}`)).body;
    const cases: readonly (readonly [object, string])[] = [
      [{ url: 'https://10.0.0.1/x', bearer_token: 'x' }, 'url'], [{ url: `${collector.url}/other` }, 'url'], [{ kind: 'bus' }, 'kind'], [{ start: { position: '0' } }, 'start'], [{ name: '' }, 'name'], [{ host: 'siem.example.com' }, 'host'],
      [{ types: [] }, 'types'], [{ types: ['chancery.nothing.happened'] }, 'types'], [{ bearer_token: 'a', header: null }, 'header'], [{ bearer_token: 'a', header: { name: 'A', value: '1' } }, 'header'],
      [{ header: { name: 'Host', value: '1' } }, 'header.name'], [{ topic: 'x' }, 'topic'], [{ rotate_bytes: 2_000_000 }, 'rotate_bytes'], [{ url: null }, 'url'],
    ];
    for (const [body, field] of cases) {
      const { status, body: problem } = await ask('PATCH', `${base}/${id}`, body);
      expect([status, Object.keys((problem['fields'] ?? {}) as object)], JSON.stringify(body)).to.deep.equal([400, [field]]);
    }
    const after = (await ask('GET', `${base}/${id}`)).body;
    expect({ ...after, head: 0, position: 0, lag: 0, delivered: 0, last_delivered_at: 0 }).to.deep.equal({ ...before, head: 0, position: 0, lag: 0, delivered: 0, last_delivered_at: 0 });
    const syslog = await make(`/tenants/${slug}`, { kind: 'cef-syslog', url: undefined, host: 'siem.example.com', port: 6_514 });
    for (const [body, field] of [[{ host: '127.0.0.1' }, 'host'], [{ port: 25 }, 'port'], [{ url: 'https://siem.example.com' }, 'url']] as const) {
      expect(Object.keys((await ask('PATCH', `${base}/${syslog['id']}`, body)).body['fields'] as object)).to.deep.equal([field]);
    }
    expect((await ask('PATCH', `${base}/${syslog['id']}`, { port: 601, transport: 'tcp' })).body).to.include({ host: 'siem.example.com', port: 601, transport: 'tcp' });
  });

  it('are tried out', async () => {
    const slug = await organization();
    const { id } = await make(`/tenants/${slug}`);
    expect((await ask('POST', `/tenants/${slug}/siem-sinks/${id}/test`, {})).body).to.deep.include({ delivered: true, reason: null, status: null });
    expect(collector.events().some((event) => entityOf(event)['uid'] === id)).to.equal(true);
    collector.answers(() => ({ status: 403 }));
    expect((await ask('POST', `/tenants/${slug}/siem-sinks/${id}/test`, {})).body).to.deep.include({ delivered: false, reason: 'status', status: 403 });
  });

  it('of the operator get the whole log: in files, and on the bus', async () => {
    const { id } = await make('', { kind: 'ndjson-file', url: undefined });
    const [one, two] = [await organization(), await organization()];
    const made = [await happen(one), await happen(two)];
    const directory = join(app.dataDir, 'siem', id);
    const lines = await until('the lines', () => {
      const found = readdirSync(join(app.dataDir, 'siem')).includes(id) ? readdirSync(directory).flatMap((name) => readFileSync(join(directory, name), 'utf8').trimEnd().split('\n')) : [];
      const events = found.map((line) => JSON.parse(line) as CollectedEvent);
      return made.every((uid) => events.some((event) => entityOf(event)['uid'] === uid)) ? events : undefined;
    });
    expect(new Set(lines.map(({ metadata }) => (metadata as Json)['tenant_uid'])).size).to.be.greaterThan(1);
    const topic = await make('', { kind: 'bus', url: undefined, topic: 'audit', types: [CREATED] });
    const third = await happen(one);
    const stop = new AbortController();
    const heard: Json[] = [];
    await resolve(app.program.container, storage.bus).consume({ name: 'test', topic: 'audit' }, async ({ body }) => { heard.push(JSON.parse(body) as Json); stop.abort(); }, stop.signal);
    expect(heard[0]?.['entity']).to.deep.include({ uid: third });
    expect((await ask('PATCH', `/siem-sinks/${topic['id']}`, { topic: 'events' })).body['fields']).to.deep.equal({ topic: 'is the topic of public events' });
    for (const sink of [id, topic['id']]) expect((await ask('DELETE', `/siem-sinks/${sink}`)).status).to.equal(204);
  });

  it('refuse bad input by the name of its field, and store nothing', async () => {
    const slug = await organization();
    const path = `/tenants/${slug}/siem-sinks`;
    const http = { name: 'x', kind: 'ocsf-http', url: 'https://siem.example.com/x' };
    const syslog = { name: 'x', kind: 'cef-syslog', host: 'siem.example.com', port: 6_514 };
    const cases: readonly (readonly [object, string])[] = [
      [{ ...http, url: 'https://10.0.0.1/x' }, 'url'], [{ ...http, url: 'http://siem.example.com/x' }, 'url'], [{ ...http, url: 'siem' }, 'url'], [{ ...http, url: 'https://u:p@siem.example.com' }, 'url'], [{ ...http, url: undefined }, 'url'],
      [{ ...http, kind: 'splunk' }, 'kind'], [{ ...http, name: undefined }, 'name'], [{ ...http, host: 'siem.example.com' }, 'host'], [{ ...http, unknown: 1 }, 'unknown'],
      [{ ...http, types: ['chancery.nothing.happened'] }, 'types'], [{ ...http, types: [] }, 'types'],
      [{ ...http, start: { position: '99999999999999999999' } }, 'start.position'], [{ ...http, start: { position: 'x' } }, 'start.position'], [{ ...http, start: { time: '2999-01-01T00:00:00Z' } }, 'start.time'], [{ ...http, start: {} }, 'start'], [{ ...http, url: 'https://siem.example.com/#x' }, 'url'], [{ ...http, url: 'https://a..b.com/' }, 'url'],
      [{ ...http, bearer_token: 'a\nb' }, 'bearer_token'], [{ ...http, header: { name: 'Content-Length', value: '1' } }, 'header.name'], [{ ...http, header: { name: 'A B', value: '1' } }, 'header.name'], [{ ...http, bearer_token: 'a', header: { name: 'A', value: '1' } }, 'header'],
      [{ ...syslog, host: '127.0.0.1' }, 'host'], [{ ...syslog, host: 'localhost' }, 'host'], [{ ...syslog, host: 'a b' }, 'host'], [{ ...syslog, port: 0 }, 'port'], [{ ...syslog, port: undefined }, 'port'], [{ ...syslog, port: 22 }, 'port'], [{ ...syslog, port: 25, transport: 'tcp' }, 'port'], [{ ...syslog, port: 443 }, 'port'], [{ ...syslog, transport: 'udp' }, 'transport'],
      [{ name: 'x', kind: 'bus' }, 'topic'], [{ name: 'x', kind: 'bus', topic: '../x' }, 'topic'], [{ name: 'x', kind: 'bus', topic: 'x'.repeat(190) }, 'topic'], [{ name: 'x', kind: 'bus', topic: 'events' }, 'topic'], [{ name: 'x', kind: 'ndjson-file', rotate_bytes: 1 }, 'rotate_bytes'],
    ];
    for (const [body, field] of cases) expect(await fieldsOf(path, body), JSON.stringify(body)).to.deep.equal([400, [field]]);
    expect((await ask('GET', path)).body['items']).to.deep.equal([]);
  });

  it('on the disk and the bus of the installation are the operator\'s to make, and as many as there may be', async () => {
    const slug = await organization();
    const owner = await signIn(app, { slug }, `owner@${slug}.example`);
    const path = `/tenants/${slug}/siem-sinks`;
    const { id } = await make(`/tenants/${slug}`, { kind: 'ndjson-file', url: undefined });
    expect((await ask('PATCH', `${path}/${id}`, { keep_files: 3 }, owner)).body['code']).to.equal('tenancy.operator_required');
    expect((await ask('PATCH', `${path}/${id}`, { keep_files: 3 })).body).to.include({ keep_files: 3, rotate_bytes: 67_108_864 });
    expect((await ask('DELETE', `${path}/${id}`, undefined, owner)).status).to.equal(204);
    for (const body of [{ name: 'x', kind: 'ndjson-file' }, { name: 'x', kind: 'bus', topic: 't' }, { name: 'x', kind: 'bus' }]) expect((await ask('POST', path, body, owner)).body['code']).to.equal('tenancy.operator_required');
    for (let index = 0; index < 20; index += 1) expect((await ask('POST', path, { name: `s${index}`, kind: 'ocsf-http', url: collector.url }, owner)).status).to.equal(201);
    const more = await ask('POST', path, { name: 'more', kind: 'ocsf-http', url: collector.url }, owner);
    expect([more.status, more.body['code'], more.body['limit']]).to.deep.equal([409, 'delivery.too_many_sinks', 20]);
    const first = await ask('GET', `${path}?limit=15`);
    const second = await ask('GET', `${path}?limit=15&cursor=${String(first.body['next_cursor'])}`);
    expect([...first.body['items'], ...second.body['items']].map(({ name }: Json) => name as string)).to.deep.equal(Array.from({ length: 20 }, (_, index) => `s${index}`));
    expect(second.body['next_cursor']).to.equal(null);
    const [list] = JSON.parse(Buffer.from(first.body['next_cursor'], 'base64url').toString()) as readonly string[];
    for (const place of ['', 'abc', '-1', '0', '1e1', '1.5']) {
      const cursor = Buffer.from(JSON.stringify([list, place])).toString('base64url');
      expect((await ask('GET', `${path}?cursor=${cursor}`)).body['fields'], place).to.deep.equal({ cursor: 'is not a cursor of this list' });
    }
  });

  it('bring CEF to a syslog daemon, and wait while it is away', async function daemonTest() {
    requireTool(this, 'syslog-ng', 'Debian package syslog-ng-core');
    requireTool(this, 'openssl', 'Debian package openssl');
    const directory = temporaryDirectory();
    const daemon = await prepareSyslog(directory.path);
    const own = await startApp({ env: { OUTBOUND_ALLOW: `127.0.0.1:${daemon.ports.tcp}` } });
    const say = async (path: string, body: object): Promise<Json> => (await own.ask('POST', `/platform/v1${path}`, { token: own.operatorToken, body })).json() as Json;
    await createTenant(own, 'syslogged');
    const sink = await say('/tenants/syslogged/siem-sinks', { name: 'x', kind: 'cef-syslog', host: '127.0.0.1', port: daemon.ports.tcp, transport: 'tcp', types: [CREATED] });
    const made: string[] = [];
    for (let index = 0; index < 3; index += 1) made.push(String((await say('/tenants/syslogged/credentials', { surface: 'quantum-lock', name: `k${index}` }))['id']));
    await until('trouble', async () => ((await own.ask('GET', `/platform/v1/tenants/syslogged/siem-sinks/${sink['id']}`, { token: own.operatorToken })).text.includes('"failing"') ? true : undefined));
    await daemon.start();
    const taken = await until('the messages', () => (daemon.taken('tcp').length >= made.length ? daemon.taken('tcp') : undefined));
    expect(taken.map(({ text }) => made.findIndex((id) => text.includes(id)))).to.deep.equal([0, 1, 2]);
    for (const { text, program } of taken) expect([text.slice(0, 24), program]).to.deep.equal(['CEF:0|Chancery|Chancery|', 'chancery']);
    await own.close();
    await daemon.stop();
    directory.remove();
  });
});
