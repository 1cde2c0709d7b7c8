/**
 * Promise 8 of licences: a month's limit is exact under any number of requests at once, over several programs on the same data; the same
 * `Idempotency-Key` is one licence, and of many revocations one is the first.
 */
import { expect } from 'chai';
import type { EventStore, Recorded } from '../../application/kernel/ports.ts';
import type { CredentialPrincipal, TenantView } from '../../application/tenancy/access.ts';
import type { LicenceGenerated } from '../../domain/licensing/licence.events.ts';
import { createTenant, startApp, type App } from '../support/app.ts';
import { account, type LicensingGround, NOW, openLicensing } from '../support/licensing.ts';

const RACES = Number(process.env['CHANCERY_RACES'] ?? 20);
const AT_ONCE = 500;
const LIMIT = 100;

const counted = (outcomes: readonly (string | number)[]): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(Object.groupBy(outcomes, String)).map(([outcome, all]) => [outcome, all?.length ?? 0]));

/** What the log says: the numbers that licences were given, and the most in one month. */
const judge = (events: readonly Recorded[]) => {
  const sold = events.filter((event): event is Recorded<LicenceGenerated> => event.type === 'LicenceGenerated');
  return { numbers: sold.map(({ data }) => data.number), keys: new Set(sold.map(({ data }) => data.licenceKey)).size };
};
const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1);

describe('promise 8: the licences of a month under 500 requests at once', function suite() {
  this.timeout(120_000);
  let ground: LicensingGround;

  before(async () => {
    ground = await openLicensing();
  });
  beforeEach(() => {
    ground.knobs.now = NOW;
  });
  after(async () => ground.close());

  type Way = Readonly<{ programs?: number; store?: EventStore; customer?: (index: number) => string }>;
  const race = async (of: CredentialPrincipal, requests: number, { programs = 2, store, customer = () => 'everybody' }: Way = {}) => {
    const all = Array.from({ length: programs }, () => ground.program(store === undefined ? {} : { store }));
    const asked = Array.from({ length: requests }, async (_, index) =>
      all[index % programs]?.generate(of, { endCustomerId: customer(index) }).then(() => 'generated', (error: Error) => error.message));
    const outcomes = counted((await Promise.all(asked)).map(String));
    return { outcomes, ...judge(await ground.events(of.tenant.id)) };
  };

  for (const [name, customer] of [['of one customer', () => 'one'], ['of as many customers', (index: number) => `customer ${index}`]] as const) {
    it(`exactly ${LIMIT} of ${AT_ONCE} on Free, numbered from 1 to ${LIMIT}, ${name}`, async () => {
      const seen = await race(account({ plan: 'free' }), AT_ONCE, { customer });
      expect(seen).to.deep.equal({ outcomes: { generated: LIMIT, 'licensing.quota_exceeded': AT_ONCE - LIMIT }, numbers: upTo(LIMIT), keys: LIMIT });
    });
  }

  it(`exactly what is left of the month in ${RACES} races of four programs, over the end of a volume`, async () => {
    const of = account({ plan: 'startup' });
    const free: CredentialPrincipal = account({ plan: 'free' }, of.tenant.id);
    const { generate } = ground.program();
    ground.knobs.now = Date.parse('2026-01-15T00:00:00.000Z');
    await Promise.all(upTo(960).map(async () => generate(of)));
    for (let raced = 0; raced < RACES; raced += 1) {
      ground.knobs.now = Date.UTC(2026, 2 + raced, 1);
      await Promise.all(upTo(93).map(async () => generate(free)));
      const { outcomes, numbers, keys } = await race(free, 40, { programs: 4 });
      const sold = 960 + (raced + 1) * LIMIT;
      expect({ outcomes, numbers, keys }).to.deep.equal({ outcomes: { generated: 7, 'licensing.quota_exceeded': 33 }, numbers: upTo(sold), keys: sold });
    }
  });

  it('goes red when the ledger does not ask for the revision it decided on', async () => {
    const careless: EventStore = { ...ground.store, append: (stream, _expected, events, how) => ground.store.append(stream, 'any', events, how) };
    let most = 0;
    for (let raced = 0; raced < RACES && most <= LIMIT; raced += 1) {
      most = (await race(account({ plan: 'free' }), AT_ONCE, { programs: 4, store: careless })).numbers.length;
    }
    expect(most).to.be.greaterThan(LIMIT);
  });
});

describe('promise 8: licences over HTTP', function suite() {
  this.timeout(60_000);
  let app: App;

  before(async () => {
    app = await startApp();
  });
  after(async () => app.close());

  const apiKey = async (slug: TenantView['slug']): Promise<string> => {
    const made = await app.ask('POST', `/platform/v1/tenants/${slug}/credentials`, { token: app.operatorToken, body: { surface: 'quantum-lock', name: 'k', permissions: ['licences'] } });
    return (made.json() as { secret: string }).secret;
  };
  const post = async (key: string, path: string, body: object, headers: Readonly<Record<string, string>> = {}) =>
    app.ask('POST', `/quantum-lock/api/v1/licenses/${path}`, { body, headers: { 'x-api-key': key, ...headers } });

  it(`exactly ${LIMIT} of ${AT_ONCE} in a month of Free, and none after a restart`, async () => {
    await createTenant(app, 'free');
    const key = await apiKey('free');
    const answers = await Promise.all(upTo(AT_ONCE).map(async (number) => post(key, 'generate', { end_customer_id: `user${number % 7}@acmecorp.com` })));
    expect(counted(answers.map(({ status }) => status))).to.deep.equal({ 201: LIMIT, 429: AT_ONCE - LIMIT });
    const refused = answers.find(({ status }) => status === 429);
    expect(refused?.json()).to.deep.equal({ detail: 'Monthly license limit reached' });
    expect(Number(refused?.headers.get('retry-after'))).to.be.within(1, 31 * 86_400);
    await app.restart();
    expect((await post(key, 'generate', { end_customer_id: 'x' })).status).to.equal(429);
    const stats = await app.ask('GET', '/quantum-lock/api/v1/stats', { headers: { 'x-api-key': key } });
    expect(stats.json()).to.include({ licenses_generated_month: LIMIT, licenses_remaining_month: 0 });
  });

  it('64 times the same Idempotency-Key is one licence and one answer', async () => {
    await createTenant(app, 'again');
    const key = await apiKey('again');
    const answers = await Promise.all(upTo(64).map(async () => post(key, 'generate', { end_customer_id: 'a' }, { 'idempotency-key': 'once' })));
    expect(counted(answers.map(({ status, text }) => `${status} ${text}`))).to.deep.equal({ [`201 ${answers[0]?.text}`]: 64 });
    const stats = await app.ask('GET', '/quantum-lock/api/v1/stats', { headers: { 'x-api-key': key } });
    expect(stats.json()).to.include({ licenses_generated_month: 1 });
    expect((await post(key, 'generate', { end_customer_id: 'b' }, { 'idempotency-key': 'once' })).status).to.be.oneOf([409, 422]);
  });

  it(`of 16 revocations one is the first, in ${RACES} races`, async () => {
    await createTenant(app, 'revoking');
    const key = await apiKey('revoking');
    for (let raced = 0; raced < RACES; raced += 1) {
      const { license_key: licence } = (await post(key, 'generate', { end_customer_id: 'a' })).json() as { license_key: string };
      const answers = await Promise.all(upTo(16).map(async () => post(key, `${licence}/revoke`, {})));
      expect(counted(answers.map(({ status }) => status))).to.deep.equal({ 200: 1, 400: 15 });
    }
  });
});
