/**
 * Promises 8, 9 and 20 where two processes answer requests, each on the same engines: what is written through one is seen through the other from the
 * answer on, what is taken away is refused by both, and limits are those of the installation, not of each process.
 */
import { expect } from 'chai';
import { OWNER_PASSWORD } from '../support/app.ts';
import { readWholeLog } from '../support/event-store-reader.ts';
import { startHeldStamps, type HeldStamps } from '../support/held-stamps.ts';
import { ask, killNow, requireEngines, startInstallation, within, type Answered, type Asking, type Installation, type Served } from '../support/processes.ts';
import { displacement, openLines, signingsIn } from './processes-places.ts';
import { signBody } from './world.ts';

const TRIALS = Number(process.env['CHANCERY_PROCESS_TRIALS'] ?? 5);
/** Starting four processes and two engines on cores that are busy. */
const START_MS = 180_000;
/** On cores that are busy: what takes a fraction of a second on others. */
const SOON_MS = 30_000;
/** The places of a process that was killed: what was promised, and six to seven seconds as a rule. */
const FREED_MS = 10_000;
/** Where nobody listens. */
const NOWHERE = '127.0.0.1:9';

const counted = (answers: readonly Answered[]): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(Object.groupBy(answers, ({ status }) => String(status))).map(([status, all]) => [status, all?.length ?? 0]));

const names = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `f${index}.exe`);

describe('two processes that answer requests, on engines of their own', function suite() {
  this.timeout(120_000);
  let installation: Installation;
  let stamps: HeldStamps;
  before(async function start() {
    this.timeout(START_MS);
    requireEngines(this);
    stamps = await startHeldStamps();
    installation = await startInstallation({ TSA_URL: stamps.url, TRUST_PROXY: '127.0.0.1', OUTBOUND_ALLOW: NOWHERE });
  });
  after(async () => {
    await installation?.stop();
    await stamps?.close();
  });

  /** The one or the other. */
  const apiOf = (which: number): Served => installation.apis[which % 2] as Served;
  const through = (which: number, method: string, path: string, asking: Asking = {}): Promise<Answered> =>
    ask(apiOf(which).url, method, path, { token: installation.operator, ...asking });

  const made = async (which: number, method: string, path: string, asking: Asking = {}): Promise<Readonly<Record<string, any>>> => { // oxlint-disable-line typescript/no-explicit-any -- answers are looked into at many places
    const answer = await through(which, method, path, asking);
    expect(answer.status, `${method} ${path}: ${answer.text}`).to.be.within(200, 299);
    return answer.text === '' ? {} : answer.json();
  };

  const tenant = async (slug: string, limits: object = { requests_per_minute: 1_000_000, concurrency: 16, members: 500 }): Promise<string> => {
    const owner = { email: `owner@${slug}.example`, password: OWNER_PASSWORD };
    const { id } = await made(0, 'POST', '/platform/v1/tenants', { body: { slug, name: slug, owner } });
    await made(1, 'PUT', `/platform/v1/tenants/${slug}/plans/qwick-cert`, { body: { plan: 'enterprise', limits } });
    return id;
  };
  const key = (which: number, slug: string): Promise<Readonly<Record<string, string>>> =>
    made(which, 'POST', `/platform/v1/tenants/${slug}/credentials`, { body: { surface: 'qwick-cert', name: 'k', permissions: ['sign', 'read_audit'] } });
  const sign = (which: number, slug: string, token: string): Promise<Answered> => through(which, 'POST', '/qwick-cert/api/v1/sign-digest', { token, body: signBody(slug) });
  const list = (which: number, slug: string, token: string): Promise<Answered> => through(which, 'GET', `/qwick-cert/api/v1/signing-operations?organization_slug=${slug}&page_size=1`, { token });
  const session = async (which: number, slug: string): Promise<string> =>
    (await made(which, 'POST', '/platform/v1/sessions', { body: { email: `owner@${slug}.example`, password: OWNER_PASSWORD, tenant: slug } }))['access_token'];

  const members = (which: number, token: string): Promise<Answered> => through(which, 'GET', '/platform/v1/tenants/taken/members', { token });
  const guess = (which: number): Promise<Answered> => through(which, 'POST', '/platform/v1/sessions', { body: { email: 'owner@guess.example', password: 'it is not this one', tenant: 'guess' } });
  const reset = (index: number, slug: string): Promise<Answered> =>
    through(index, 'POST', '/platform/v1/password-resets', { headers: { 'x-forwarded-for': `192.0.2.${index}` }, body: { email: `owner@${slug}.example` } });
  const prepared = async (id: string): Promise<number> =>
    (await readWholeLog(installation.engines.node.address)).filter(({ type, stream }) => type.startsWith('tenancy.PasswordResetRequested.') && stream.includes(id)).length;
  const join = (index: number): Promise<Answered> => through(index, 'POST', '/platform/v1/tenants/seats/members', { body: { email: `m${index}@seats.example`, password: OWNER_PASSWORD, role: 'signer' } });

  it(`what is written through one is listed by the other, and by itself, ${TRIALS} times each way`, async () => {
    await tenant('reads');
    // The read models are filled by processes that answer nothing: without waiting for them a list would be late by tens of milliseconds.
    for (let trial = 0; trial < TRIALS; trial += 1) {
      const { id } = await key(trial, 'reads');
      for (const reader of [trial + 1, trial]) {
        const { items } = await made(reader, 'GET', '/platform/v1/tenants/reads/credentials?limit=100');
        expect(items.map((item: { id: string }) => item.id), `trial ${trial}`).to.include(id);
      }
    }
  });

  it('signatures through one are operations of the other', async () => {
    await tenant('signs');
    const { secret = '' } = await key(0, 'signs');
    for (let trial = 0; trial < TRIALS; trial += 1) {
      const signed = await sign(trial, 'signs', secret);
      expect(signed.status, signed.text).to.equal(200);
      const { operation_id: id } = signed.json()['data'];
      const shown = await through(trial + 1, 'GET', `/qwick-cert/api/v1/signing-operations/${id}?organization_slug=signs`, { token: secret });
      expect(shown.text).to.contain('"status":"completed"');
    }
  });

  it(`a revoked key is refused by the other at once, which knew it, ${TRIALS} times`, async () => {
    await tenant('revokes');
    for (let trial = 0; trial < TRIALS; trial += 1) {
      const { id, secret = '' } = await key(trial, 'revokes');
      for (const which of [0, 1]) expect((await list(which, 'revokes', secret)).status).to.equal(200);
      await made(trial, 'DELETE', `/platform/v1/tenants/revokes/credentials/${id}`);
      for (const which of [trial + 1, trial]) expect((await list(which, 'revokes', secret)).status, `trial ${trial}`).to.equal(401);
    }
  });

  it('a session that was ended, a role that was lowered, and a lockdown are seen by the other at once', async () => {
    await tenant('taken');
    const { secret = '' } = await key(0, 'taken');
    for (let trial = 0; trial < 2; trial += 1) {
      const token = await session(trial, 'taken');
      expect((await members(trial + 1, token)).status).to.equal(200);
      await made(trial, 'DELETE', '/platform/v1/sessions/current', { token });
      expect((await members(trial + 1, token)).status, 'a session').to.equal(401);

      const email = `a${trial}@taken.example`;
      const { user_id: person } = await made(trial, 'POST', '/platform/v1/tenants/taken/members', { body: { email, password: OWNER_PASSWORD, role: 'admin' } });
      const { access_token: admin } = await made(trial + 1, 'POST', '/platform/v1/sessions', { body: { email, password: OWNER_PASSWORD, tenant: 'taken' } });
      const add = (which: number) => through(which, 'POST', '/platform/v1/tenants/taken/credentials', { token: admin, body: { surface: 'quantum-lock', name: 'k' } });
      expect((await add(trial + 1)).status, 'an admin').to.equal(201);
      await made(trial, 'PATCH', `/platform/v1/tenants/taken/members/${person}`, { body: { role: 'viewer' } });
      expect((await add(trial + 1)).status, 'a viewer').to.equal(403);

      expect((await sign(trial + 1, 'taken', secret)).status).to.equal(200);
      await made(trial, 'PUT', '/platform/v1/tenants/taken/signing-policy', { body: { lockdown: true } });
      expect((await sign(trial + 1, 'taken', secret)).status, 'lockdown').to.equal(403);
      await made(trial, 'PUT', '/platform/v1/tenants/taken/signing-policy', { body: {} });
    }
  });

  // Half of the requests go through each process, and half is less than a limit: were it each one's own, everybody would be let in.
  describe('limits that half of the requests would not reach', () => {
    it('exactly 30 of 50 requests a minute', async () => {
      await tenant('rate', { requests_per_minute: 30 });
      const { secret = '' } = await key(0, 'rate');
      const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => list(index, 'rate', secret)));
      expect(counted(answers)).to.deep.equal({ 200: 30, 429: 20 });
      const left = answers.filter(({ status }) => status === 200).map(({ headers }) => Number(headers.get('x-ratelimit-remaining')));
      expect(left.toSorted((one, next) => one - next)).to.deep.equal(Array.from({ length: 30 }, (_, index) => index));
    });

    it('exactly 7 of 12 signatures of a plan', async () => {
      await tenant('quota', { requests_per_minute: 1_000_000, signing_operations: 7, concurrency: 16 });
      const { secret = '' } = await key(0, 'quota');
      const answers = await Promise.all(Array.from({ length: 12 }, (_, index) => sign(index, 'quota', secret)));
      expect(counted(answers)).to.deep.equal({ 200: 7, 429: 5 });
      const { status, text } = await sign(0, 'quota', secret);
      expect(status, text).to.equal(403);
    });

    it('exactly 10 of 16 wrong passwords for one account are tried', async () => {
      await tenant('guess');
      const answers = await Promise.all(Array.from({ length: 16 }, (_, index) => guess(index)));
      expect(counted(answers)).to.deep.equal({ 401: 10, 429: 6 });
    });

    it('exactly 2 of 8 new members beside the owner', async () => {
      await tenant('seats', { members: 3 });
      expect(counted(await Promise.all(Array.from({ length: 8 }, (_, index) => join(index))))).to.deep.equal({ 201: 2, 403: 6 });
    });

    it('exactly 100 of 120 invitations an hour', async () => {
      await tenant('invites');
      const answers = await Promise.all(Array.from({ length: 120 }, (_, index) => through(index, 'POST', '/platform/v1/tenants/invites/invitations', { body: { email: `m${index}@invites.example`, role: 'signer' } })));
      expect(counted(answers)).to.deep.equal({ 201: 100, 429: 20 });
    });

    it('exactly 3 of 5 resets of one password an hour, all of them answered alike', async () => {
      const [forgets, remembers] = [await tenant('forgets'), await tenant('remembers')];
      expect(counted(await Promise.all(Array.from({ length: 5 }, (_, index) => reset(index, 'forgets'))))).to.deep.equal({ 202: 5 });
      // They are prepared in turn: where the last one is, those before are.
      expect((await reset(9, 'remembers')).status).to.equal(202);
      await within(SOON_MS, 'a reset', async () => (await prepared(remembers)) === 1);
      expect(await prepared(forgets)).to.equal(3);
    });

    it('exactly 20 of 26 resets a minute that one address asks for', async () => {
      const from = { 'x-forwarded-for': '198.51.100.7' };
      const answers = await Promise.all(Array.from({ length: 26 }, (_, index) => through(index, 'POST', '/platform/v1/password-resets', { headers: from, body: { email: `nobody${index}@forgets.example` } })));
      expect(counted(answers)).to.deep.equal({ 202: 20, 429: 6 });
    });

    it('exactly 20 of 30 SIEM sinks, of each of three organizations', async () => {
      const sink = { kind: 'ocsf-http', url: `http://${NOWHERE}/`, types: ['chancery.tenancy.credential.created'] };
      // The last one is what they race for: not every race is one.
      for (const slug of ['sinks', 'drains', 'basins']) {
        await tenant(slug);
        const answers = await Promise.all(Array.from({ length: 30 }, (_, index) => through(index, 'POST', `/platform/v1/tenants/${slug}/siem-sinks`, { body: { name: `s${index}`, ...sink } })));
        expect(counted(answers)).to.deep.equal({ 201: 20, 409: 10 });
        expect((await made(1, 'GET', `/platform/v1/tenants/${slug}/siem-sinks?limit=100`))['items']).to.have.lengthOf(20);
      }
    });

    it('one key of the KMS by a name, with exactly 32 versions, of 8 who make it and 40 who rotate it', async () => {
      await tenant('kms');
      const keys = '/platform/v1/tenants/kms/kms-keys';
      const create = (index: number) => through(index, 'POST', keys, { body: { key_id: 'releases', algorithm: 'ED25519' } });
      expect(counted(await Promise.all(Array.from({ length: 8 }, (_, index) => create(index))))).to.deep.equal({ 201: 1, 409: 7 });
      const answers = await Promise.all(Array.from({ length: 40 }, (_, index) => through(index, 'POST', `${keys}/releases/rotate`, { body: {} })));
      expect(counted(answers)).to.deep.equal({ 200: 31, 409: 9 });
      const { items: [listed] } = await made(1, 'GET', keys);
      expect(listed.versions.map(({ version }: { version: number }) => version)).to.deep.equal(Array.from({ length: 32 }, (_, index) => 32 - index));
    });
  });

  // Who is in the signing step asks for a timestamp, and is held there.
  describe('places in the signing step', () => {
    const PLACES = 3;
    const MANY = 16;
    /** Who waits of one organization, over all processes. */
    const MOST_WAITING = 100;
    let lines: Awaited<ReturnType<typeof openLines>>;
    let [mortal, lone]: readonly Served[] = [];
    before(async function start() {
      this.timeout(START_MS);
      lines = await openLines(installation);
      [mortal, lone] = await Promise.all([installation.startApi(), installation.startApi(new URL('programs/lone-places.ts', import.meta.url))]);
    });
    afterEach(() => stamps.release());
    after(() => lines?.close());

    /** An organization with so many places and one signature, so that its certificate is there; the names of files tell requests apart. */
    const organization = async (slug: string, concurrency = PLACES) => {
      const id = await tenant(slug, { requests_per_minute: 1_000_000, concurrency });
      const { secret = '' } = await key(0, slug);
      expect((await sign(0, slug, secret)).status).to.equal(200);
      stamps.hold();
      return {
        id,
        signBy: ({ url }: Served, name: string) => ask(url, 'POST', '/qwick-cert/api/v1/sign-digest', { token: secret, body: signBody(slug, name) }),
        standing: (inside: number, waiting: number) => within(SOON_MS, `${inside} inside, ${waiting} waiting`, async () => String(await lines.of(id)) === `${inside},${waiting}`),
      };
    };

    it(`${PLACES}, and first come first served, of 12 who come one after another`, async () => {
      const { id, signBy, standing } = await organization('queue');
      const asked = names(12);
      const answers: Promise<Answered>[] = [];
      for (const [index, name] of asked.entries()) {
        answers.push(signBy(apiOf(index), name));
        await standing(Math.min(index + 1, PLACES), Math.max(0, index + 1 - PLACES));
      }
      await within(SOON_MS, 'all places taken', () => stamps.inside() === PLACES);
      stamps.release();
      expect(counted(await Promise.all(answers))).to.deep.equal({ 200: 12 });
      const { order, most } = await signingsIn(installation, id);
      expect([stamps.most(), most]).to.deep.equal([PLACES, PLACES]);
      // Those who are let in at the same time write down their intents at the same time.
      expect(displacement(order.slice(1), asked)).to.be.lessThan(PLACES);
    });

    it(`${MANY}, and exactly ${MOST_WAITING} who wait for them, of 124 who come at once`, async () => {
      const { id, signBy, standing } = await organization('crowd', MANY);
      const answers = names(124).map((name, index) => signBy(apiOf(index), name));
      await standing(MANY, MOST_WAITING);
      await within(SOON_MS, 'all places taken', () => stamps.inside() === MANY);
      stamps.release();
      const answered = await Promise.all(answers);
      expect(counted(answered)).to.deep.equal({ 200: MANY + MOST_WAITING, 429: 8 });
      expect(answered.filter(({ status, text }) => status === 429 && !text.includes('QWICK_SIGN_101'))).to.deep.equal([]);
      expect([stamps.most(), (await signingsIn(installation, id)).most]).to.deep.equal([MANY, MANY]);
    });

    it(`of a process that is killed with all of them are free within ${FREED_MS / 1_000} seconds`, async function measured() {
      const { signBy, standing } = await organization('heirs');
      const lost = names(PLACES).map((name) => signBy(mortal as Served, name).catch(() => undefined));
      await within(SOON_MS, 'all places taken', () => stamps.inside() === PLACES);
      const heirs = names(4).map((name, index) => signBy(apiOf(index), name));
      await standing(PLACES, 4);
      await killNow(mortal as Served);
      await within(SOON_MS, 'nobody inside', () => stamps.inside() === 0);
      const took = await within(FREED_MS, 'the others inside', () => stamps.inside() === PLACES);
      stamps.release();
      expect(counted(await Promise.all(heirs))).to.deep.equal({ 200: 4 });
      expect(await Promise.all(lost)).to.deep.equal([undefined, undefined, undefined]);
      expect(stamps.most()).to.equal(PLACES);
      if (this.test !== undefined) this.test.title += ` (${(took / 1_000).toFixed(1)} s)`;
    });

    it('goes red on a planted fault: a process that counts them alone', async () => {
      const { id, signBy } = await organization('alone');
      const answers = names(4 * PLACES).map((name, index) => signBy(index % 2 === 0 ? apiOf(0) : (lone as Served), name));
      await within(SOON_MS, 'twice as many as there are', () => stamps.inside() === 2 * PLACES);
      stamps.release();
      expect(counted(await Promise.all(answers))).to.deep.equal({ 200: 4 * PLACES });
      expect([stamps.most(), (await signingsIn(installation, id)).most]).to.deep.equal([2 * PLACES, 2 * PLACES]);
    });
  });
});
