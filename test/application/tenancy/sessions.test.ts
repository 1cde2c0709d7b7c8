import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import { decodeJwt } from 'jose';
import type { Role } from '../../../domain/tenancy/terms.ts';
import type { TenantId } from '../../../domain/kernel/ids.ts';
import { CAUSE, cheapPasswords, ISSUER, OPERATOR, PASSWORD, startTenancy, type Tenancy } from '../../support/tenancy.ts';
import { rejection } from '../../support/rejections.ts';

const DAY = 86_400_000;
const codeOf = async (attempt: Promise<unknown>): Promise<string> => (await rejection(attempt)).code;

describe('sessions', () => {
  let tenancy: Tenancy;
  beforeEach(async () => { tenancy = await startTenancy(); });
  afterEach(() => tenancy.close());

  const signIn = (email: string, over: Readonly<{ password?: string; tenant?: string; ip?: string }> = {}) =>
    tenancy.sessions.signIn({ email, password: PASSWORD, ip: '192.0.2.1', ...over }, CAUSE);
  const member = (tenant: TenantId, role: Role = 'signer') =>
    tenancy.members.add(tenant, { email: `${randomUUID()}@m.example`, password: PASSWORD, role }, OPERATOR);

  it('begin with a password and end with signing out', async () => {
    const { id, slug, owner } = await tenancy.organization();
    const { accessToken, expiresIn } = await signIn(` ${owner.email.toUpperCase()} `);
    expect(expiresIn).to.equal(900);
    const person = await tenancy.access.session(accessToken);
    expect(person).to.deep.include({ kind: 'person', userId: owner.userId, role: 'owner', amr: ['pwd'] });
    expect(person.tenant.id).to.equal(id);
    const now = tenancy.knobs.now / 1_000;
    expect(decodeJwt(accessToken)).to.deep.equal({
      sub: owner.userId, tid: id, slug, role: 'owner', amr: ['pwd'], sid: person.sessionId, iat: now, exp: now + 900, iss: ISSUER, aud: 'chancery',
    });
    await tenancy.sessions.signOut(person, CAUSE);
    expect(await codeOf(tenancy.another().access.session(accessToken))).to.equal('tenancy.token_invalid');
  });

  it('ask for the tenant when the password fits in several, and only then', async () => {
    const email = 'both@example.test';
    await tenancy.organization({ slug: 'one', email });
    await tenancy.organization({ slug: 'two', email });
    await tenancy.organization({ slug: 'three', email, password: 'quite another secret 4711' });
    expect(await rejection(signIn(email))).to.deep.equal({ code: 'tenancy.tenant_required', details: { tenants: ['one', 'two'] } });
    expect((await signIn(email, { tenant: 'two' })).tenant.slug).to.equal('two');
    expect((await signIn(email, { password: 'quite another secret 4711' })).tenant.slug).to.equal('three');
    expect(await codeOf(signIn(email, { tenant: 'three' }))).to.equal('tenancy.credentials_invalid');
    expect(await codeOf(signIn(email, { tenant: 'four' }))).to.equal('tenancy.credentials_invalid');
  });

  it('take one place among those whose passwords are looked at, however many tenants an address belongs to', async () => {
    const email = 'everywhere@acme.example';
    for (const slug of ['p1', 'p2', 'p3', 'p4']) await tenancy.organization({ slug, email });
    const verify = cheapPasswords.verify.bind(cheapPasswords);
    let [running, most] = [0, 0];
    cheapPasswords.verify = async (password, hash) => {
      most = Math.max(most, running += 1);
      await new Promise((resolve) => { setImmediate(resolve); });
      running -= 1;
      return verify(password, hash);
    };
    const { details } = await rejection(signIn(email)).finally(() => { cheapPasswords.verify = verify; });
    expect([details, most]).to.deep.equal([{ tenants: ['p1', 'p2', 'p3', 'p4'] }, 1]);
  });

  it('give no free guesses at the accounts that an address has elsewhere: what fits one and not the other counts as a failure', async () => {
    const email = 'victim@example.test';
    await tenancy.organization({ slug: 'hers', email, password: 'quite another secret 4711' });
    await tenancy.organization({ slug: 'theirs', email });
    for (let guesses = 0; guesses < 10; guesses += 1) expect((await signIn(email)).tenant.slug).to.equal('theirs');
    expect(await codeOf(signIn(email))).to.equal('tenancy.too_many_attempts');
    tenancy.knobs.now += 60_000;
    for (let named = 0; named < 20; named += 1) expect((await signIn(email, { tenant: 'theirs' })).tenant.slug).to.equal('theirs');
  });

  it('are refused alike for a wrong password and an address that nobody has, after the same work', async () => {
    const { owner } = await tenancy.organization();
    const work: number[] = [];
    for (const email of [owner.email, 'nobody@example.test']) {
      const before = cheapPasswords.verified;
      expect(await rejection(signIn(email, { password: 'wrong' }))).to.deep.equal({ code: 'tenancy.credentials_invalid', details: {} });
      work.push(cheapPasswords.verified - before);
    }
    expect(work).to.deep.equal([1, 1]);
  });

  it('go on with a new refresh token each time', async () => {
    const { owner } = await tenancy.organization();
    const first = await signIn(owner.email);
    tenancy.knobs.now += DAY;
    const second = await tenancy.sessions.refresh(first.refreshToken, CAUSE);
    expect(second.refreshToken).not.to.equal(first.refreshToken);
    expect((await tenancy.access.session(second.accessToken)).userId).to.equal(owner.userId);
    const third = await tenancy.another().sessions.refresh(second.refreshToken, CAUSE);
    expect((await tenancy.access.session(third.accessToken)).sessionId).to.equal((await tenancy.access.session(second.accessToken)).sessionId);
  });

  it('are refreshed thirty times a minute at most, and a copy ends them at any pace', async () => {
    const { owner } = await tenancy.organization();
    const first = await signIn(owner.email);
    let { refreshToken } = first;
    for (let n = 0; n < 30; n += 1) ({ refreshToken } = await tenancy.sessions.refresh(refreshToken, CAUSE));
    tenancy.knobs.now += 20_000;
    expect(await rejection(tenancy.sessions.refresh(refreshToken, CAUSE))).to.deep.equal({ code: 'tenancy.too_many_attempts', details: { retryAfter: 40 } });
    tenancy.knobs.now += 40_000;
    ({ refreshToken } = await tenancy.sessions.refresh(refreshToken, CAUSE));
    for (let n = 0; n < 29; n += 1) ({ refreshToken } = await tenancy.sessions.refresh(refreshToken, CAUSE));
    expect(await codeOf(tenancy.sessions.refresh(refreshToken, CAUSE))).to.equal('tenancy.too_many_attempts');
    expect(await codeOf(tenancy.sessions.refresh(first.refreshToken, CAUSE))).to.equal('tenancy.refresh_reused');
  });

  it('end with all their tokens when a refresh token comes back', async () => {
    const { owner } = await tenancy.organization();
    const first = await signIn(owner.email);
    const second = await tenancy.sessions.refresh(first.refreshToken, CAUSE);
    expect(await codeOf(tenancy.sessions.refresh(first.refreshToken, CAUSE))).to.equal('tenancy.refresh_reused');
    expect(await codeOf(tenancy.access.session(second.accessToken))).to.equal('tenancy.token_invalid');
    expect(await codeOf(tenancy.sessions.refresh(second.refreshToken, CAUSE))).to.equal('tenancy.refresh_invalid');
    await tenancy.access.session((await signIn(owner.email)).accessToken);
  });

  it('give exactly one new token to many who refresh at once', async () => {
    const { owner } = await tenancy.organization();
    const { refreshToken } = await signIn(owner.email);
    const programs = [tenancy, tenancy.another()];
    const tries = Array.from({ length: 4 }, () => programs.map(({ sessions }) => sessions.refresh(refreshToken, CAUSE)));
    const ended = await Promise.allSettled(tries.flat());
    expect(ended.filter(({ status }) => status === 'fulfilled')).to.have.length(1);
  });

  it('are over when nobody refreshes them for 30 days, and after 90 in any case', async () => {
    const { owner } = await tenancy.organization();
    const idle = await signIn(owner.email);
    let { refreshToken } = await signIn(owner.email);
    for (let day = 0; day < 87; day += 29) {
      tenancy.knobs.now += 29 * DAY;
      ({ refreshToken } = await tenancy.sessions.refresh(refreshToken, CAUSE));
    }
    expect(await codeOf(tenancy.sessions.refresh(idle.refreshToken, CAUSE))).to.equal('tenancy.refresh_invalid');
    tenancy.knobs.now += 3 * DAY;
    expect(await codeOf(tenancy.sessions.refresh(refreshToken, CAUSE))).to.equal('tenancy.refresh_invalid');
  });

  it('are not refreshed by what is no token of theirs', async () => {
    const { owner } = await tenancy.organization();
    const { refreshToken } = await signIn(owner.email);
    const forged = `${refreshToken.slice(0, -1)}${refreshToken.endsWith('0') ? '1' : '0'}`;
    for (const wrong of ['', 'crt_', forged, `crt_${'0'.repeat(64)}_${'0'.repeat(32)}`]) {
      expect(await codeOf(tenancy.sessions.refresh(wrong, CAUSE))).to.equal('tenancy.refresh_invalid');
    }
    await tenancy.sessions.refresh(refreshToken, CAUSE);
  });

  it('end when the person is removed, and stay ended when they come back', async () => {
    const { id } = await tenancy.organization();
    const { userId, email } = await member(id);
    const { accessToken, refreshToken } = await signIn(email);
    await tenancy.access.session(accessToken);
    await tenancy.members.remove(id, userId, OPERATOR);
    expect(await codeOf(tenancy.access.session(accessToken))).to.equal('tenancy.token_invalid');
    expect(await codeOf(tenancy.sessions.refresh(refreshToken, CAUSE))).to.equal('tenancy.refresh_invalid');
    expect(await codeOf(signIn(email))).to.equal('tenancy.credentials_invalid');
    await tenancy.members.add(id, { email, password: PASSWORD, role: 'admin' }, OPERATOR);
    expect(await codeOf(tenancy.access.session(accessToken))).to.equal('tenancy.token_invalid');
    expect(await codeOf(tenancy.sessions.refresh(refreshToken, CAUSE))).to.equal('tenancy.refresh_invalid');
  });

  it('have the role that the person has now, not the one in the token', async () => {
    const { id } = await tenancy.organization();
    const { userId, email } = await member(id, 'admin');
    const { accessToken } = await signIn(email);
    await tenancy.another().members.changeRole(id, userId, 'viewer', OPERATOR);
    expect(await tenancy.access.session(accessToken)).to.include({ role: 'viewer' });
  });

  it('are refused after ten failures on an account for the rest of the minute, from wherever', async () => {
    const { owner } = await tenancy.organization();
    for (let n = 0; n < 10; n += 1) expect(await codeOf(signIn(owner.email, { password: 'wrong', ip: `192.0.2.${n}` }))).to.equal('tenancy.credentials_invalid');
    tenancy.knobs.now += 20_000;
    expect(await rejection(signIn(owner.email, { ip: '198.51.100.1' }))).to.deep.equal({ code: 'tenancy.too_many_attempts', details: { retryAfter: 40 } });
    expect(await codeOf(tenancy.another().sessions.signIn({ email: owner.email, password: PASSWORD, ip: '203.0.113.9' }, CAUSE))).to.equal('tenancy.too_many_attempts');
    tenancy.knobs.now += 40_000;
    await signIn(owner.email);
  });

  describe('of somebody who signs in from the same network as lately', () => {
    const HOME = '203.0.113.9';
    const HOME_TOO = '203.0.113.200';
    let email: string;
    const fail = (ip: string) => codeOf(signIn(email, { password: 'wrong', ip }));
    const failFrom = async (ips: readonly string[]): Promise<readonly string[]> => {
      const codes: string[] = [];
      for (const ip of ips) codes.push(await fail(ip));
      return [...new Set(codes)];
    };
    const strangers = Array.from({ length: 10 }, (_, n) => `198.51.${n}.1`);
    beforeEach(async () => {
      ({ owner: { email } } = await tenancy.organization());
      await signIn(email, { ip: HOME });
    });

    it('are not refused for what strangers do, on any process; those are, from wherever', async () => {
      expect(await failFrom(strangers)).to.deep.equal(['tenancy.credentials_invalid']);
      expect(await fail('192.0.2.77')).to.equal('tenancy.too_many_attempts');
      await signIn(email, { ip: HOME });
      await tenancy.another().sessions.signIn({ email, password: PASSWORD, ip: HOME_TOO }, CAUSE);
    });

    it('are refused after ten failures from that network, which keep nobody else out', async () => {
      expect(await failFrom(Array.from({ length: 10 }, (_, n) => `203.0.113.${n}`))).to.deep.equal(['tenancy.credentials_invalid']);
      expect(await codeOf(signIn(email, { ip: HOME_TOO }))).to.equal('tenancy.too_many_attempts');
      await signIn(email, { ip: '192.0.2.77' });
    });

    it('are refused after a hundred failures from all such networks', async () => {
      const homes = Array.from({ length: 11 }, (_, n) => `10.0.${n}.1`);
      for (const ip of homes) await signIn(email, { ip });
      for (const ip of homes.slice(0, 10)) expect(await failFrom(Array<string>(10).fill(ip))).to.deep.equal(['tenancy.credentials_invalid']);
      expect(await codeOf(signIn(email, { ip: homes[10] ?? '' }))).to.equal('tenancy.too_many_attempts');
      await signIn(email, { ip: '192.0.2.77' });
    });

    it('know a network for thirty days, and not because somebody failed there', async () => {
      tenancy.knobs.now += 30 * DAY;
      await failFrom(strangers);
      expect(await codeOf(signIn(email, { ip: HOME }))).to.equal('tenancy.too_many_attempts');
      expect(await codeOf(signIn(email, { ip: strangers[0] ?? '' }))).to.equal('tenancy.too_many_attempts');
    });
  });

  it('are refused after ten failures from an address, for every account', async () => {
    const { owner } = await tenancy.organization();
    const guesses = Array.from({ length: 40 }, (_, n) => codeOf(signIn(`guess${n}@example.test`, { password: 'wrong' })));
    const codes = await Promise.all(guesses);
    expect(codes.filter((code) => code === 'tenancy.credentials_invalid')).to.have.length(10);
    expect(codes.filter((code) => code === 'tenancy.too_many_attempts')).to.have.length(30);
    expect(await codeOf(signIn(owner.email))).to.equal('tenancy.too_many_attempts');
    await signIn(owner.email, { ip: '192.0.2.2' });
  });

  it('are not held up by successes', async () => {
    const { owner } = await tenancy.organization();
    for (let n = 0; n < 15; n += 1) await signIn(owner.email);
  });
});

describe('the keys of access tokens', () => {
  let tenancy: Tenancy;
  beforeEach(async () => { tenancy = await startTenancy(); });
  afterEach(() => tenancy.close());

  it('are rotated without ending a session: the older one verifies until its last token has expired', async () => {
    const { owner } = await tenancy.organization();
    const signIn = () => tenancy.sessions.signIn({ email: owner.email, password: PASSWORD, ip: '192.0.2.1' }, CAUSE);
    const before = (await signIn()).accessToken;
    const [old] = await tenancy.keys.verifying();
    const kid = await tenancy.keys.rotate(CAUSE);
    const after = (await signIn()).accessToken;
    expect((await tenancy.keys.verifying()).map((key) => key.kid)).to.deep.equal([old?.kid, kid]);
    await tenancy.access.session(before);
    await tenancy.another().access.session(after);
    tenancy.knobs.now += 899_000;
    await tenancy.access.session(before);
    tenancy.knobs.now += 1_000;
    expect((await rejection(tenancy.access.session(before))).code).to.equal('tenancy.token_invalid');
    expect((await tenancy.keys.verifying()).map((key) => key.kid)).to.deep.equal([kid]);
  });

  it('begin with one, however many processes want it at once', async () => {
    const published = await Promise.all([tenancy, tenancy.another(), tenancy.another()].map(({ keys }) => keys.verifying()));
    expect(new Set(published.flat().map(({ kid }) => kid)).size).to.equal(1);
    expect(published[0]?.[0]).to.include({ kty: 'OKP', crv: 'Ed25519', use: 'sig', alg: 'EdDSA' }).and.not.to.have.property('d');
  });
});
