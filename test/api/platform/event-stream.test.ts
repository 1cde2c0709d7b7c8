/** The log as Server-Sent Events, over HTTP. */
import { expect } from 'chai';
import { soonest } from '../../support/soonest.ts';
import { OPERATOR, PASSWORD } from '../../support/tenancy.ts';
import { OPERATOR_TOKEN } from '../kernel/support.ts';
import { startPlatform, type Platform } from './program.ts';

type Frame = Readonly<{ id: string; event: string; data: Readonly<Record<string, unknown>> }>;

const parse = (frame: string): Frame | undefined => {
  const field = (name: string): string | undefined => new RegExp(`^${name}: (.*)$`, 'mu').exec(frame)?.[1];
  const [id, event, data] = [field('id'), field('event'), field('data')];
  return id === undefined || event === undefined || data === undefined ? undefined : { id, event, data: JSON.parse(data) as Frame['data'] };
};

/** When the stream has ended. */
const drain = async ({ next }: { next: () => Promise<Frame | undefined> }): Promise<number> => {
  while ((await next()) !== undefined);
  return performance.now();
};

describe('platform: event streams', function suite() {
  this.timeout(20_000);
  let platform: Platform;
  const opened: AbortController[] = [];

  beforeEach(async () => {
    platform = await startPlatform();
    await platform.organization({ slug: 'acme', email: 'owner@acme.example' });
  });
  afterEach(async () => {
    for (const controller of opened.splice(0)) controller.abort();
    await platform.close();
  });

  const open = async (path: string, { as = OPERATOR_TOKEN, headers = {} }: Readonly<{ as?: string; headers?: Record<string, string> }> = {}) => {
    const controller = new AbortController();
    opened.push(controller);
    const reply = await fetch(`${platform.running.url}/platform/v1${path}`, { headers: { authorization: `Bearer ${as}`, ...headers }, signal: controller.signal });
    expect([reply.status, reply.headers.get('content-type'), reply.headers.get('cache-control')]).to.deep.equal([200, 'text/event-stream; charset=utf-8', 'no-store']);
    const reader = (reply.body as ReadableStream<Uint8Array>).getReader();
    const decoder = new TextDecoder();
    let text = '';
    const next = async (): Promise<Frame | undefined> => {
      for (;;) {
        const end = text.indexOf('\n\n');
        if (end >= 0) {
          const frame = parse(text.slice(0, end));
          text = text.slice(end + 2);
          if (frame !== undefined) return frame;
          continue;
        }
        const { done, value } = await reader.read();
        if (done) return undefined;
        text += decoder.decode(value, { stream: true });
      }
    };
    return { next, leave: () => controller.abort() };
  };
  const fields = async (query: string, headers: Record<string, string> = {}) => {
    const { status, json } = await platform.call('GET', `/events?stream=true${query}`, { headers });
    return [status, Object.keys(json.fields as object)];
  };
  const add = async (slug: string, email: string, role = 'viewer') => (await platform.call('POST', `/tenants/${slug}/members`, { body: { email, password: PASSWORD, role } })).json as { user_id: string };
  const signIn = async (email: string): Promise<string> => (await platform.call('POST', '/sessions', { as: '', body: { email, password: PASSWORD, tenant: 'acme' } })).json.access_token as string;

  it('show the operator what happens from now on, as the pages show it', async () => {
    const stream = await open('/events?stream=true');
    const { user_id: added } = await add('acme', 'ann@acme.example');
    const frame = await stream.next();
    expect(frame?.data).to.deep.include({ specversion: '1.0', type: frame?.event, sequence: frame?.id });
    expect(JSON.stringify(frame?.data)).to.include(added).and.not.include('ann@acme');
    const { items } = (await platform.call('GET', `/events?after=${String(Number(frame?.id) - 1)}&limit=1`)).json;
    expect(items).to.deep.equal([frame?.data]);
  });

  it('go on from `after`, and from what the client has already, without a gap', async () => {
    for (const name of ['a', 'b', 'c', 'd']) await add('acme', `${name}@acme.example`);
    const whole = ((await platform.call('GET', '/tenants/acme/events?limit=100')).json.items as readonly { sequence: string }[]).map(({ sequence }) => sequence);
    const first = await open('/tenants/acme/events?stream=true&after=0');
    const got = [(await first.next())?.id, (await first.next())?.id];
    first.leave();
    const again = await open('/tenants/acme/events?stream=true&after=0', { headers: { 'last-event-id': got[1] as string } });
    while (got.length < whole.length) got.push((await again.next())?.id);
    expect(got).to.deep.equal(whole);
  });

  it('keep tenants apart, and types that were not asked for', async () => {
    await platform.organization({ slug: 'beta', email: 'owner@beta.example' });
    const acme = await open('/tenants/acme/events?stream=true', { as: await signIn('owner@acme.example') });
    const types = ((await platform.call('GET', '/event-schemas')).json.items as readonly { type: string }[]).map(({ type }) => type);
    const removed = types.find((type) => /member.*removed/u.test(type)) as string;
    const narrow = await open(`/events?stream=true&type=${removed}`);
    await add('beta', 'bob@beta.example');
    const { user_id: ann } = await add('acme', 'ann@acme.example');
    expect(JSON.stringify((await acme.next())?.data)).to.include(ann);
    await platform.call('DELETE', `/tenants/acme/members/${ann}`);
    expect((await narrow.next())?.event).to.equal(removed);
  });

  it('end within a second when the session ends, and when the role is lost', async () => {
    const path = '/tenants/acme/events?stream=true';
    let admins = 0;
    const untilEnded = async (end: (as: string, admin: string) => Promise<unknown>): Promise<number> => {
      admins += 1;
      const { user_id: admin } = await add('acme', `admin-${admins}@acme.example`, 'admin');
      const as = await signIn(`admin-${admins}@acme.example`);
      const ended = drain(await open(path, { as }));
      await end(as, admin);
      const at = performance.now();
      return (await ended) - at;
    };
    const tenant = (await platform.access.tenantBySlug('acme'))?.id as never;
    const signOut = async (as: string) => expect((await platform.call('DELETE', '/sessions/current', { as })).status).to.equal(204);
    expect(await soonest(1_000, () => untilEnded(signOut))).to.be.lessThan(1_000);
    expect(await soonest(1_000, () => untilEnded((_as, admin) => platform.members.changeRole(tenant, admin, 'viewer', OPERATOR)))).to.be.lessThan(1_000);
  });

  it('end with the access token that opened them', async () => {
    const stream = await open('/tenants/acme/events?stream=true', { as: await signIn('owner@acme.example') });
    const ended = drain(stream);
    platform.knobs.now += 900_000;
    await ended;
  });

  it('say what is wrong with the question, and open nothing', async () => {
    expect(await fields('&after=99999999')).to.deep.equal([400, ['after']]);
    expect(await fields('', { 'last-event-id': 'abc' })).to.deep.equal([400, ['Last-Event-ID']]);
    expect(await fields('', { 'last-event-id': '99999999' })).to.deep.equal([400, ['Last-Event-ID']]);
    expect(await fields('&type=nonsense')).to.deep.equal([400, ['type']]);
    expect(await fields('&limit=5')).to.deep.equal([400, ['limit']]);
    expect(await fields('&cursor=1')).to.deep.equal([400, ['cursor']]);
  });
});
