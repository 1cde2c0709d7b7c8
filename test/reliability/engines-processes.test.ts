/**
 * Promises 8, 9 and 20 where two processes answer requests, each on the same engines: what is written through one is seen through the other from the
 * answer on, what is taken away is refused by both, and limits are those of the installation, not of each process.
 */
import { expect } from 'chai';
import { OWNER_PASSWORD } from '../support/app.ts';
import { ask, requireEngines, startInstallation, type Answered, type Asking, type Installation } from '../support/processes.ts';
import { signBody } from './world.ts';

const TRIALS = Number(process.env['CHANCERY_PROCESS_TRIALS'] ?? 5);
/** Starting four processes and two engines on cores that are busy. */
const START_MS = 180_000;

const counted = (answers: readonly Answered[]): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(Object.groupBy(answers, ({ status }) => String(status))).map(([status, all]) => [status, all?.length ?? 0]));

describe('two processes that answer requests, on engines of their own', function suite() {
  this.timeout(120_000);
  let installation: Installation;
  before(async function start() {
    this.timeout(START_MS);
    requireEngines(this);
    installation = await startInstallation();
  });
  after(() => installation?.stop());

  /** Through the one or the other. */
  const through = (which: number, method: string, path: string, asking: Asking = {}): Promise<Answered> =>
    ask((installation.apis[which % 2] as Installation['apis'][0]).url, method, path, { token: installation.operator, ...asking });

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
  });
});
