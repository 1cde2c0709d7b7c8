/** The log through the API: every event of the public vocabulary, in order, at once, and nobody else's. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import { expect } from 'chai';
import { TEST_TYPE } from '../../../application/delivery/redeliver.ts';
import { publicTypes } from '../../../projections/fanout/integration-events.ts';
import { PASSWORD } from '../../support/tenancy.ts';
import { startPlatform, type Platform } from './program.ts';

type Organization = Awaited<ReturnType<Platform['organization']>>;
type Event = Readonly<{ id: string; type: string; tenant: string; sequence: string; subject: string; dataschema: string; data: Readonly<Record<string, unknown>> }>;
type Page = Readonly<{ items: readonly Event[]; next_cursor: string | null; limit: number; to_position: string | null }>;

const END = '00000000000099999999';

describe('platform: events', () => {
  let platform: Platform;
  let acme: Organization;
  let other: Organization;
  before(async () => {
    platform = await startPlatform();
    acme = await platform.organization({ slug: 'acme' });
    other = await platform.organization({ slug: 'other' });
  });
  after(() => platform.close());

  const page = async (path: string, as?: string): Promise<Page> => {
    const { status, json } = await platform.call('GET', path, as === undefined ? {} : { as });
    expect(status, JSON.stringify(json)).to.equal(200);
    return json as Page;
  };
  const ownerOf = async ({ owner }: Organization): Promise<string> => (await platform.call('POST', '/sessions', { as: '', body: { email: owner.email, password: PASSWORD } })).json.access_token;
  const everything = async (path: string, limit: number): Promise<readonly Event[]> => {
    const found: Event[] = [];
    for (let cursor: string | null = '0'; cursor !== null; ) {
      const { items, next_cursor: next }: Page = await page(`${path}?limit=${limit}&cursor=${cursor}`);
      expect(items.length).to.be.lessThanOrEqual(limit);
      found.push(...items);
      cursor = next;
    }
    return found;
  };

  it('hold what has just been done, before anything else is asked', async () => {
    const as = await ownerOf(acme);
    for (let made = 0; made < 5; made += 1) {
      const { to_position: before } = await page('/tenants/acme/events?limit=200', as);
      const { json } = await platform.call('POST', '/tenants/acme/credentials', { as, body: { surface: 'qwick-cert', name: `key ${made}`, permissions: ['sign'] } });
      const { items, next_cursor: next } = await page(`/tenants/acme/events?after=${before}`, as);
      expect(items.map(({ type, subject }) => [type, subject])).to.deep.equal([['chancery.tenancy.credential.created', json.id]]);
      expect(items[0]?.data).to.include({ name: `key ${made}`, acting_for: acme.owner.userId });
      expect(next).to.equal(null);
    }
  });

  it('are the same, in the order of the log, whatever the page', async () => {
    const all = (await page('/events?limit=200')).items;
    expect(all.length).to.be.greaterThan(8);
    expect(all.map(({ sequence }) => sequence)).to.deep.equal(all.map(({ sequence }) => sequence).toSorted());
    for (const limit of [1, 2, 3, 7]) expect(await everything('/events', limit)).to.deep.equal(all);
    expect(await everything('/tenants/acme/events', 2)).to.deep.equal(all.filter(({ tenant }) => tenant === acme.id));
    expect((await page('/events?limit=100000')).limit).to.equal(200);
  });

  it('are a tenant\'s own, and for nobody of another', async () => {
    const { items } = await page('/tenants/other/events', await ownerOf(other));
    expect(new Set(items.map(({ tenant }) => tenant))).to.deep.equal(new Set([other.id]));
    expect((await page('/events?tenant=other&limit=200')).items).to.deep.equal((await page('/tenants/other/events?limit=200')).items);
    expect((await platform.call('GET', '/tenants/other/events', { as: await ownerOf(acme) })).status).to.equal(404);
    expect((await platform.call('GET', '/events', { as: await ownerOf(acme) })).status).to.equal(403);
  });

  it('are narrowed to types', async () => {
    const types = ['chancery.tenancy.tenant.created', 'chancery.tenancy.member.added'];
    const { items } = await page(`/events?type=${types[0]}&type=${types[1]}`);
    expect(items.map(({ type }) => type).toSorted()).to.deep.equal([types[1], types[1], types[0], types[0]]);
    expect((await page(`/tenants/acme/events?type=${types[0]}`)).items.map(({ data }) => data['slug'])).to.deep.equal(['acme']);
  });

  it('go on after a page from where it ended, also when it held nothing', async () => {
    const { items, to_position: to, next_cursor: next } = await page('/events?type=chancery.signing.operation.completed');
    expect([items, next]).to.deep.equal([[], null]);
    expect(await page(`/events?after=${to}`)).to.deep.equal({ items: [], next_cursor: null, limit: 50, to_position: to });
    const third = await platform.organization({ slug: 'third' });
    expect((await page(`/events?after=${to}&limit=200`)).items.map(({ tenant }) => tenant)).to.include(third.id).and.not.include(acme.id);
  });

  it('name nobody by an address, and hold no secret', async () => {
    await platform.call('POST', '/tenants/acme/invitations', { body: { email: 'mallory@evil.example', role: 'viewer' } });
    const { secret } = (await platform.call('POST', '/tenants/acme/credentials', { as: await ownerOf(acme), body: { surface: 'qwick-cert', name: 'told', permissions: ['sign'] } })).json;
    const said = JSON.stringify(await everything('/events', 200));
    expect(said).to.contain('chancery.tenancy.invitation.created').and.contain('"told"');
    for (const never of ['evil.example', acme.owner.email, String(secret), '"box"', 'hash', 'argon2']) expect(said.toLowerCase()).not.to.contain(never.toLowerCase());
  });

  const bad: readonly (readonly [query: string, field: string])[] = [
    ['after=-1', 'after'], ['after=x', 'after'], ['after=000000000000000000001', 'after'], [`after=${END}`, 'after'], ['after=1e3', 'after'], ['after=', 'after'], ['after=%00', 'after'],
    [`cursor=${END}`, 'cursor'], ['cursor=!', 'cursor'], ['after=1&cursor=1', 'cursor'], ['after=1&after=2', 'after'],
    ['limit=0', 'limit'], ['limit=x', 'limit'], ['limit=1.5', 'limit'],
    ['type=chancery.no.such.thing', 'type'], ['type=', 'type'], ['type=SigningCompleted', 'type'], ['type=__proto__', 'type'], ['type=toString', 'type'],
  ];
  for (const [query, field] of [...bad, ['tenant=nobodys', 'tenant'] as const, ['tenant=', 'tenant'] as const]) {
    it(`refuse ${query}, naming ${field}`, async () => {
      const paths = field === 'tenant' ? ['/events'] : ['/events', '/tenants/acme/events'];
      for (const path of paths) {
        const { status, json } = await platform.call('GET', `${path}?${query}`);
        expect([status, json.code, Object.keys(json.fields)]).to.deep.equal([400, 'request.invalid', [field]]);
      }
    });
  }

  it('fit the schemas that are served, by the address that each of them names', async () => {
    const ajv = new Ajv2020({ strict: true, allErrors: true });
    ajvFormats.default(ajv);
    const { items } = await page('/event-schemas', '');
    expect((items as unknown as readonly { type: string }[]).map(({ type }) => type)).to.deep.equal([...publicTypes.map(({ type }) => type), TEST_TYPE].toSorted());
    const all = await everything('/events', 200);
    for (const type of new Set(all.map((event) => event.type))) {
      const { json, headers, status } = await platform.call('GET', `/event-schemas/${type}`, { as: '' });
      expect([status, headers.get('cache-control'), headers.get('content-type')]).to.deep.equal([200, 'public, max-age=3600', 'application/schema+json; charset=utf-8']);
      const validate = ajv.compile(json as object);
      for (const event of all.filter((each) => each.type === type)) {
        expect(event.dataschema).to.equal((json as { $id: string }).$id);
        expect(validate(event.data), JSON.stringify(validate.errors)).to.equal(true);
      }
    }
    expect((await platform.call('GET', '/event-schemas', { as: '' })).headers.get('cache-control')).to.equal('public, max-age=3600');
  });

  it('have no schema where there is no type', async () => {
    for (const type of ['chancery.no.such.thing', 'SigningCompleted', 'toString', 'PaceTaken']) {
      const { status, json, headers } = await platform.call('GET', `/event-schemas/${type}`, { as: '' });
      expect([status, json.code, headers.get('cache-control')]).to.deep.equal([404, 'delivery.event_type_unknown', 'no-store']);
    }
  });
});
