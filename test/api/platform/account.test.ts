/** Password resets and second factors through the API. */
import { expect } from 'chai';
import { decodeJwt } from 'jose';
import { Secret, TOTP } from 'otpauth';
import { codeIn, collectMail, type Post } from '../../support/mails.ts';
import { cheapPasswords, OPERATOR, PASSWORD } from '../../support/tenancy.ts';
import { startPlatform, type Platform } from './program.ts';

type Organization = Awaited<ReturnType<Platform['organization']>>;
const HOUR = 3_600_000;
const NEW = `${PASSWORD} and new`;
const EMAIL = 'owner@acme.example';

let platform: Platform;
let post: Post;
let acme: Organization;
const start = async (): Promise<void> => {
  platform = await startPlatform();
  post = collectMail(platform);
  acme = await platform.organization({ slug: 'acme', email: EMAIL });
};

const signIn = (body: object = {}) => platform.call('POST', '/sessions', { as: '', body: { email: EMAIL, password: PASSWORD, ...body } });
const codeOf = async (reply: Promise<{ status: number; json: { code: string } }>) => {
  const { status, json } = await reply;
  return [status, json.code];
};
const members = (as: string) => platform.call('GET', '/tenants/acme/members', { as });

const ask = (email: string) => platform.call('POST', '/password-resets', { as: '', body: { email } });
const confirm = (token: string, password = NEW) => platform.call('POST', '/password-resets/confirm', { as: '', body: { token, password } });

const reset = async (email = EMAIL): Promise<string> => {
  await ask(email);
  return codeIn((await post.deliver())[0] ?? { text: '' });
};

describe('platform: password resets', () => {
  beforeEach(start);
  afterEach(() => platform.close());

  it('go to the address that the person joined with, however the one who asks spells it', async () => {
    for (const spelt of ['OWNER@ACME.example', 'owner@acme.e\u0445ample']) await ask(spelt);
    const kate = 'kate@acme.example';
    await platform.call('POST', '/tenants/acme/members', { body: { email: kate, password: PASSWORD, role: 'viewer' } });
    await ask('\u212Aate@acme.example');
    expect((await post.deliver()).map(({ to }) => to).toSorted()).to.deep.equal([kate, EMAIL]);
  });

  it('set another password with the code from the mail, once, and end every session at once', async () => {
    const sessions = [(await signIn()).json, (await signIn()).json];
    const token = await reset();
    expect(post.sent[0]).to.deep.include({ to: EMAIL, subject: 'Another password for acme' });
    for (const { access_token: as } of sessions) expect((await members(as)).status).to.equal(200);
    expect((await confirm(token)).status).to.equal(204);
    for (const { access_token: as, refresh_token: refresh } of sessions) {
      expect(await codeOf(members(as))).to.deep.equal([401, 'tenancy.token_invalid']);
      expect(await codeOf(platform.call('POST', '/sessions/refresh', { as: '', body: { refresh_token: refresh } }))).to.deep.equal([401, 'tenancy.refresh_invalid']);
    }
    expect(await codeOf(signIn())).to.deep.equal([401, 'tenancy.credentials_invalid']);
    const { json } = await signIn({ password: NEW });
    expect((await members(json.access_token)).status).to.equal(200);
    expect(await codeOf(confirm(token))).to.deep.equal([400, 'tenancy.code_invalid']);
  });

  it('answer alike for every address, after the same work, and write nothing before the answer', async () => {
    const head = await platform.ground.embedded.log.head();
    const before = cheapPasswords.verified;
    const answers = [];
    for (const email of [EMAIL, 'nobody@acme.example', 'zz', '', ' ', '@', `${'x'.repeat(5_000)}@acme.example`, `${EMAIL},other@acme.example`]) {
      const { status, text, headers } = await ask(email);
      answers.push([status, text, [...headers.keys()]]);
    }
    for (const answer of answers) expect(answer).to.deep.equal(answers[0]);
    for (const body of [{}, { email: null }, { email: 7 }, { email: EMAIL, tenant: 'acme' }]) {
      expect(await codeOf(platform.call('POST', '/password-resets', { as: '', body })), JSON.stringify(body)).to.deep.equal([400, 'request.invalid']);
    }
    expect(answers[0]?.[0]).to.equal(202);
    expect([await platform.ground.embedded.log.head(), cheapPasswords.verified]).to.deep.equal([head, before]);
    expect((await post.deliver()).map(({ to }) => to)).to.deep.equal([EMAIL]);
  });

  it('go to each account of an address, each for itself', async () => {
    const beta = await platform.organization({ slug: 'beta', email: EMAIL });
    await ask(EMAIL);
    const mails = await post.deliver();
    expect(mails.map(({ subject }) => subject).toSorted()).to.deep.equal(['Another password for acme', 'Another password for beta']);
    const token = codeIn(mails.find(({ subject }) => subject.endsWith('beta')) ?? { text: '' });
    expect((await confirm(token)).status).to.equal(204);
    expect((await signIn({ tenant: 'beta', password: NEW })).json.tenant).to.equal(beta.slug);
    expect((await signIn({ tenant: 'acme' })).status, 'the other one is as it was').to.equal(201);
  });

  it('are good for an hour, and for who still belongs to the tenant', async () => {
    const token = await reset();
    platform.knobs.now += HOUR;
    expect(await codeOf(confirm(token))).to.deep.equal([400, 'tenancy.code_invalid']);
    const { userId } = await platform.members.add(acme.id, { email: 'eve@acme.example', password: PASSWORD, role: 'viewer' }, OPERATOR);
    const eves = await reset('eve@acme.example');
    await platform.members.remove(acme.id, userId, OPERATOR);
    expect(await codeOf(confirm(eves))).to.deep.equal([400, 'tenancy.code_invalid']);
    await platform.members.add(acme.id, { email: 'eve@acme.example', password: PASSWORD, role: 'viewer' }, OPERATOR);
    expect(await codeOf(confirm(eves)), 'another term').to.deep.equal([400, 'tenancy.code_invalid']);
    await ask('eve@acme.example');
    await platform.members.remove(acme.id, userId, OPERATOR);
    expect(await post.deliver()).to.deep.equal([]);
  });

  it('are used up by one of them, and stay good after a password that is refused', async () => {
    const [first, second] = [await reset(), await reset()];
    expect((await confirm(first, 'password1')).json.fields).to.have.key('password');
    expect((await confirm(first)).status).to.equal(204);
    expect(await codeOf(confirm(second))).to.deep.equal([400, 'tenancy.code_invalid']);
  });

  it('fill nobody\'s mailbox, and say nothing of it', async () => {
    for (let n = 0; n < 5; n += 1) expect((await ask(n % 2 === 0 ? EMAIL : EMAIL.toUpperCase())).status).to.equal(202);
    expect(await post.deliver()).to.have.length(3);
    platform.knobs.now += HOUR;
    await ask(EMAIL);
    expect(await post.deliver()).to.have.length(1);
    for (let n = 0; n < 20; n += 1) await ask(`n${n}@x.example`);
    expect(await codeOf(ask('one-more@x.example'))).to.deep.equal([429, 'tenancy.too_many_attempts']);
    expect(await codeOf(ask('nobody')), 'what is no address is counted like one').to.deep.equal([429, 'tenancy.too_many_attempts']);
  });

  it('win against a sign-in with the old password that is under way', async () => {
    const token = await reset();
    const verify = cheapPasswords.verify.bind(cheapPasswords);
    cheapPasswords.verify = async (password, hash) => {
      const fits = await verify(password, hash);
      await platform.passwordResets.confirm({ token, password: NEW, ip: '198.51.100.7' }, OPERATOR.cause);
      return fits;
    };
    const { json } = await signIn().finally(() => { cheapPasswords.verify = verify; });
    expect(await codeOf(members(json.access_token))).to.deep.equal([401, 'tenancy.token_invalid']);
  });

  it('leave no address and no code in what is stored or logged', async () => {
    const token = await reset();
    await ask('stranger-canary@x.example');
    const { events } = await platform.ground.embedded.log.feed().pull(undefined, 1_000, AbortSignal.timeout(15_000));
    const kept: string[] = [JSON.stringify(events), platform.running.logs.join('')];
    for await (const { value } of platform.ground.embedded.state.list('password-reset-requests')) kept.push(value);
    expect(kept.length, 'a request waits').to.equal(3);
    for (const canary of ['stranger-canary', EMAIL, token.slice(-32)]) expect(kept.join('\n')).not.to.include(canary);
  });
});

const token = async (body: object = {}): Promise<string> => (await signIn(body)).json.access_token;
const me = (method: string, path: string, as: string, code?: string) => platform.call(method, `/me/totp${path}`, { as, ...(code !== undefined && { body: { code } }) });
const codeAt = (secret: string, now = platform.knobs.now): string => TOTP.generate({ secret: Secret.fromBase32(secret), timestamp: now });
const nextStep = (): void => { platform.knobs.now += 30_000; };

const enrol = async () => {
  const as = await token();
  const { status, json } = await me('POST', '', as);
  expect(status).to.equal(201);
  const confirmed = await me('POST', '/confirm', as, codeAt(json.secret));
  expect(confirmed.status).to.equal(200);
  nextStep();
  return { as, secret: json.secret as string, uri: json.otpauth_uri as string, recovery: confirmed.json.recovery_codes as string[] };
};

describe('platform: second factors', () => {
  beforeEach(start);
  afterEach(() => platform.close());


  it('are set up with a first code, and demanded from then on', async () => {
    const { as, secret, uri, recovery } = await enrol();
    expect(uri).to.include(`secret=${secret}`).and.include('Chancery%20acme');
    expect(new Set(recovery).size).to.equal(10);
    const { status, json } = await signIn({ totp: codeAt(secret) });
    expect([status, decodeJwt(json.access_token)['amr']]).to.deep.equal([201, ['pwd', 'otp']]);
    const refreshed = await platform.call('POST', '/sessions/refresh', { as: '', body: { refresh_token: json.refresh_token } });
    expect(decodeJwt(refreshed.json.access_token)['amr']).to.deep.equal(['pwd', 'otp']);
    expect((await platform.access.session(refreshed.json.access_token)).amr).to.deep.equal(['pwd', 'otp']);
    expect((await platform.access.session(as)).amr, 'the session from before').to.deep.equal(['pwd']);
    expect(await codeOf(me('POST', '', as))).to.deep.equal([409, 'tenancy.totp_enabled']);
    expect(await codeOf(me('POST', '/confirm', as, codeAt(secret)))).to.deep.equal([409, 'tenancy.totp_enabled']);
  });

  it('are demanded of a sign-in that was under way when they were confirmed', async () => {
    const as = await token();
    const { json: { secret } } = await me('POST', '', as);
    const verify = cheapPasswords.verify.bind(cheapPasswords);
    cheapPasswords.verify = async (password, hash) => {
      const fits = await verify(password, hash);
      expect((await me('POST', '/confirm', as, codeAt(secret))).status).to.equal(200);
      return fits;
    };
    const late = await signIn().finally(() => { cheapPasswords.verify = verify; });
    expect([late.status, late.json.code]).to.deep.equal([401, 'tenancy.totp_required']);
  });

  it('say that a code is missing, whatever the password, and check no password', async () => {
    await enrol();
    const before = cheapPasswords.verified;
    for (const password of [PASSWORD, 'wrong', '']) expect(await codeOf(signIn({ password })), password).to.deep.equal([401, 'tenancy.totp_required']);
    expect(cheapPasswords.verified).to.equal(before);
    for (let n = 0; n < 20; n += 1) expect((await signIn()).status).to.equal(401);
    expect(await codeOf(signIn({ email: 'nobody@acme.example', totp: '000000' }))).to.deep.equal([401, 'tenancy.credentials_invalid']);
  });

  it('answer a wrong code and a wrong password alike, after the same work, and count both', async () => {
    const { secret } = await enrol();
    const answers = [];
    for (const body of [{ totp: '000000' }, { password: 'wrong', totp: codeAt(secret) }, { password: 'wrong', totp: '000000' }]) {
      const before = cheapPasswords.verified;
      const { status, json } = await signIn(body);
      answers.push([status, json.code, json.detail, cheapPasswords.verified - before]);
    }
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).to.equal(1);
    for (let n = 0; n < 7; n += 1) await signIn({ totp: '000000' });
    expect(await codeOf(signIn({ totp: codeAt(secret) }))).to.deep.equal([429, 'tenancy.too_many_attempts']);
  });

  it('take each code once: at confirmation, at signing in, and by 64 at the same time in two programs', async () => {
    const as = await token();
    const { secret } = (await me('POST', '', as)).json;
    const code = codeAt(secret);
    await me('POST', '/confirm', as, code);
    expect(await codeOf(signIn({ totp: code })), 'used by confirming').to.deep.equal([401, 'tenancy.credentials_invalid']);
    nextStep();
    const programs = [platform.sessions, platform.another().sessions];
    const cause = { actor: { kind: 'anonymous', id: 'anonymous' }, correlation: 'test' } as const;
    const tries = Array.from({ length: 64 }, async (_, n) => programs[n % 2]?.signIn({ email: EMAIL, password: PASSWORD, totp: codeAt(secret), ip: `198.51.100.${n}` }, cause));
    const ended = await Promise.allSettled(tries);
    expect(ended.filter(({ status }) => status === 'fulfilled')).to.have.length(1);
    for (const each of ended) if (each.status === 'rejected') expect((each.reason as { code: string }).code).to.be.oneOf(['tenancy.credentials_invalid', 'tenancy.too_many_attempts']);
  });

  it('take the step before and after, each once', async () => {
    const { secret } = await enrol();
    const { now } = platform.knobs;
    nextStep();
    for (const at of [-30_000, 0, 30_000]) expect((await signIn({ totp: codeAt(secret, now + 30_000 + at) })).status, String(at)).to.equal(201);
    for (const at of [-60_000, -30_000, 60_000]) expect((await signIn({ totp: codeAt(secret, now + 30_000 + at) })).status, String(at)).to.equal(401);
    platform.knobs.now -= 10 * 365 * 86_400_000;
    expect((await signIn({ totp: codeAt(secret, now) })).status, 'a clock set back brings no code back').to.equal(401);
  });

  it('have recovery codes, each good once, however it is typed', async () => {
    const { recovery } = await enrol();
    const [first = '', second = ''] = recovery;
    const { json } = await signIn({ totp: first });
    expect(decodeJwt(json.access_token)['amr']).to.deep.equal(['pwd', 'otp']);
    expect(await codeOf(signIn({ totp: first }))).to.deep.equal([401, 'tenancy.credentials_invalid']);
    expect((await signIn({ totp: ` ${second.toUpperCase().replaceAll('-', ' ')}` })).status).to.equal(201);
  });

  it('are given up with a code, not with a session alone', async () => {
    const { as, secret, recovery } = await enrol();
    expect(await codeOf(me('DELETE', '', as, '000000'))).to.deep.equal([400, 'tenancy.totp_invalid']);
    expect((await me('DELETE', '', as)).status).to.equal(400);
    expect((await me('DELETE', '', as, recovery[0])).status).to.equal(204);
    expect((await me('DELETE', '', as, codeAt(secret))).status, 'nothing left to give up').to.equal(204);
    expect((await signIn()).status).to.equal(201);
  });

  it('are not guessed by who found a session open', async () => {
    const { as, secret } = await enrol();
    for (let n = 0; n < 10; n += 1) expect((await me('DELETE', '', as, `00000${n}`)).status).to.equal(400);
    expect(await codeOf(me('DELETE', '', as, codeAt(secret)))).to.deep.equal([429, 'tenancy.too_many_attempts']);
  });

  it('are confirmed as they were proposed last, and not at all without', async () => {
    const as = await token();
    expect(await codeOf(me('POST', '/confirm', as, '000000'))).to.deep.equal([409, 'tenancy.totp_not_proposed']);
    const { secret: first } = (await me('POST', '', as)).json;
    const { secret } = (await me('POST', '', as)).json;
    expect(await codeOf(me('POST', '/confirm', as, codeAt(first)))).to.deep.equal([400, 'tenancy.totp_invalid']);
    expect((await me('POST', '/confirm', as, codeAt(secret))).status).to.equal(200);
    expect(await codeOf(platform.call('POST', '/me/totp'))).to.deep.equal([403, 'tenancy.session_required']);
  });

  it('belong to the term: who is added again begins without', async () => {
    const { userId } = await platform.members.add(acme.id, { email: 'eve@acme.example', password: PASSWORD, role: 'owner' }, OPERATOR);
    await enrol();
    await platform.members.remove(acme.id, acme.owner.userId, OPERATOR);
    await platform.members.add(acme.id, { email: EMAIL, password: PASSWORD, role: 'owner' }, OPERATOR);
    expect((await signIn()).status).to.equal(201);
    expect(userId).not.to.equal(acme.owner.userId);
  });

  it('of one tenant close no door in another', async () => {
    const { secret } = await enrol();
    await platform.organization({ slug: 'beta', email: EMAIL });
    expect((await signIn()).json.tenant).to.equal('beta');
    expect(await codeOf(signIn({ tenant: 'acme' }))).to.deep.equal([401, 'tenancy.totp_required']);
    const both = await signIn({ totp: codeAt(secret) });
    expect([both.status, both.json.tenants]).to.deep.equal([409, ['acme', 'beta']]);
    expect((await signIn({ totp: codeAt(secret), tenant: 'acme' })).status, 'the code was not used up by asking').to.equal(201);
  });

  it('leave no secret and no recovery code in what is stored or logged', async () => {
    const { secret, recovery } = await enrol();
    await signIn({ totp: recovery[0] ?? '' });
    const { events } = await platform.ground.embedded.log.feed().pull(undefined, 1_000, AbortSignal.timeout(15_000));
    const kept = JSON.stringify(events) + platform.running.logs.join('');
    for (const canary of [secret, ...recovery, ...recovery.map((code) => code.replaceAll('-', ''))]) expect(kept).not.to.include(canary);
  });
});
