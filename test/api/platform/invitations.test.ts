/** Invitations through the API, from the mail to the membership, with the mail's own fate. */
import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import { Rejection } from '../../../domain/kernel/rejection.ts';
import { codeIn, collectMail, type Post } from '../../support/mails.ts';
import { PASSWORD } from '../../support/tenancy.ts';
import { startPlatform, type Platform } from './program.ts';

type Organization = Awaited<ReturnType<Platform['organization']>>;
const DAY = 86_400_000;
const ANOTHER = `${PASSWORD} of my own`;

const codeOf = async (reply: Promise<{ status: number; json: { code: string } }>) => {
  const { status, json } = await reply;
  return [status, json.code];
};

describe('platform: invitations', () => {
  let platform: Platform;
  let post: Post;
  let acme: Organization;
  beforeEach(async () => {
    platform = await startPlatform();
    post = collectMail(platform);
    acme = await platform.organization({ slug: 'acme' });
  });
  afterEach(() => platform.close());

  const invite = (body: object = {}, as?: string) => platform.call('POST', '/tenants/acme/invitations', { body: { email: 'dan@dan.example', role: 'signer', ...body }, ...(as !== undefined && { as }) });
  const accept = (token: string, password = ANOTHER) => platform.call('POST', '/invitations/accept', { as: '', body: { token, password } });
  const signIn = (email: string, password = PASSWORD) => platform.call('POST', '/sessions', { as: '', body: { email, password } });
  const person = async (role: string) => {
    const { json } = await platform.call('POST', '/tenants/acme/members', { body: { email: `${role}-${randomUUID()}@acme.example`, password: PASSWORD, role } });
    return { id: json.user_id, token: (await signIn(json.email)).json.access_token };
  };
  const get = async (id: string) => (await platform.call('GET', `/tenants/acme/invitations/${id}`)).json;

  it('lead from the mail to the membership, once', async () => {
    const made = await invite();
    expect(made.status).to.equal(201);
    expect(made.json).to.deep.include({ email: 'dan@dan.example', role: 'signer', status: 'pending', invited_by: null, ended_at: null, expires_at: new Date(platform.knobs.now + 7 * DAY).toISOString() });
    expect(made.json.mail.status).to.equal('queued');
    expect(post.sent, 'nothing leaves before the answer').to.deep.equal([]);
    const [mail = expect.fail('no mail')] = await post.deliver();
    expect([mail.to, mail.id, mail.subject]).to.deep.equal(['dan@dan.example', made.json.id, 'You are invited to acme']);
    expect(mail.text).to.match(/http:\/\/127\.0\.0\.1:8080\/\S+\?token=cinv_/u);
    expect((await get(made.json.id)).mail.status).to.equal('sent');

    const joined = await accept(codeIn(mail));
    expect([joined.status, joined.json.email, joined.json.role, joined.json.tenant]).to.deep.equal([201, 'dan@dan.example', 'signer', 'acme']);
    expect((await signIn('dan@dan.example', ANOTHER)).json.role).to.equal('signer');
    expect(await codeOf(accept(codeIn(mail), `${PASSWORD} stolen`))).to.deep.equal([400, 'tenancy.code_invalid']);
    expect((await signIn('dan@dan.example', `${PASSWORD} stolen`)).status).to.equal(401);
    expect((await get(made.json.id)).status).to.equal('accepted');
    expect(await post.deliver()).to.deep.equal([]);
  });

  it('are used once, also by 64 at the same time, in two programs', async () => {
    await invite();
    const [mail = expect.fail('no mail')] = await post.deliver();
    const programs = [platform.invitations, platform.another().invitations];
    const tries = Array.from({ length: 64 }, (_, n) => ({ n, password: `${ANOTHER} ${n}` }));
    const ended = await Promise.allSettled(tries.map(async ({ n, password }) => programs[n % 2]?.accept({ token: codeIn(mail), password, ip: `198.51.100.${n}` }, { actor: { kind: 'anonymous', id: 'anonymous' }, correlation: String(n) })));
    const won = ended.flatMap(({ status }, n) => (status === 'fulfilled' ? [n] : []));
    expect(won).to.have.length(1);
    for (const each of ended) if (each.status === 'rejected') expect(['tenancy.code_invalid', 'tenancy.member_exists']).to.include((each.reason as Rejection).code);
    expect((await signIn('dan@dan.example', `${ANOTHER} ${won[0]}`)).status, 'the winner\'s password').to.equal(201);
  });

  it('are refused for who is asked already or belongs already', async () => {
    await invite();
    expect(await codeOf(invite({ email: ' DAN@dan.example' }))).to.deep.equal([409, 'tenancy.invitation_pending']);
    expect(await codeOf(invite({ email: acme.owner.email }))).to.deep.equal([409, 'tenancy.member_exists']);
    platform.knobs.now += 7 * DAY;
    expect((await invite()).status, 'the first one has expired').to.equal(201);
    const { items } = (await platform.call('GET', '/tenants/acme/invitations')).json;
    expect(items.map(({ status }: { status: string }) => status)).to.deep.equal(['pending', 'expired']);
  });

  it('end after seven days, when they are revoked, and when their maker may no longer make them', async () => {
    const admin = await person('admin');
    const made: { id: string; token: string }[] = [];
    for (const email of ['a@x.example', 'b@x.example', 'c@x.example']) {
      const { json } = await invite({ email }, admin.token);
      expect(json.invited_by).to.equal(admin.id);
      made.push({ id: json.id, token: codeIn((await post.deliver())[0] ?? { text: '' }) });
    }
    const [revoked, orphaned, late] = made as [typeof made[0], typeof made[0], typeof made[0]];
    expect((await platform.call('DELETE', `/tenants/acme/invitations/${revoked.id}`)).status).to.equal(204);
    expect((await platform.call('DELETE', `/tenants/acme/invitations/${revoked.id}`)).status, 'twice').to.equal(204);
    expect(await codeOf(accept(revoked.token))).to.deep.equal([400, 'tenancy.code_invalid']);
    platform.knobs.now += 7 * DAY;
    expect(await codeOf(accept(late.token))).to.deep.equal([400, 'tenancy.code_invalid']);
    platform.knobs.now -= 7 * DAY;
    await platform.call('PATCH', `/tenants/acme/members/${admin.id}`, { body: { role: 'viewer' } });
    expect(await codeOf(accept(orphaned.token))).to.deep.equal([400, 'tenancy.code_invalid']);
    expect((await get(orphaned.id)).status).to.equal('revoked');
    expect(await codeOf(platform.call('DELETE', `/tenants/acme/invitations/${randomUUID()}`))).to.deep.equal([404, 'tenancy.invitation_unknown']);
  });

  it('are made anew under an Idempotency-Key of which the answer is kept no more, once the one before is over', async () => {
    const key = { headers: { 'idempotency-key': 'invite-dan' } };
    const again = () => platform.call('POST', '/tenants/acme/invitations', { body: { email: 'dan@dan.example', role: 'signer' }, ...key });
    const first = await again();
    platform.knobs.now += DAY + 1;
    // It stands: nothing is new, and nothing is told as if it were.
    const same = await again();
    expect([same.status, same.json.id, same.json.created_at, same.json.expires_at]).to.deep.equal([201, first.json.id, first.json.created_at, first.json.expires_at]);
    expect((await platform.call('DELETE', `/tenants/acme/invitations/${first.json.id}`)).status).to.equal(204);
    platform.knobs.now += DAY + 1;
    const next = await again();
    expect([next.status, (await get(next.json.id)).status, (await get(first.json.id)).status]).to.deep.equal([201, 'pending', 'revoked']);
    const mails = await post.deliver();
    expect(mails.map(({ id }) => id)).to.deep.equal([next.json.id]);
    expect((await accept(codeIn(mails[0] ?? { text: '' }))).status).to.equal(201);
  });

  it('give ownership only by the hand of an owner', async () => {
    const admin = await person('admin');
    expect(await codeOf(invite({ role: 'owner' }, admin.token))).to.deep.equal([403, 'tenancy.owner_required']);
    expect((await invite({ role: 'owner' }, (await signIn(acme.owner.email)).json.access_token)).status).to.equal(201);
  });

  it('wait for a good password and for room in the plan, the code staying good', async () => {
    await platform.call('PUT', '/tenants/acme/plans/qwick-cert', { body: { plan: 'pro', limits: { members: 1 } } });
    await invite();
    const token = codeIn((await post.deliver())[0] ?? { text: '' });
    expect((await accept(token, 'password1')).json.fields).to.have.key('password');
    const full = await accept(token);
    expect([full.status, full.json.code, full.json.limit]).to.deep.equal([403, 'tenancy.member_limit', 1]);
    await platform.call('PUT', '/tenants/acme/plans/qwick-cert', { body: { plan: 'pro', limits: { members: 2 } } });
    expect((await accept(token)).status).to.equal(201);
  });

  it('are not guessed: every wrong code counts', async () => {
    const wrong = `cinv_${acme.id.replaceAll('-', '')}${'0'.repeat(32)}_${'x'.repeat(32)}`;
    for (let n = 0; n < 10; n += 1) expect((await accept(n % 2 === 0 ? wrong : `none ${n}`)).status).to.equal(400);
    expect(await codeOf(accept(wrong))).to.deep.equal([429, 'tenancy.too_many_attempts']);
  });

  it('tell what became of the mail: tried again while there is hope, failed when the server will not take it', async () => {
    const { json: { id } } = await invite();
    post.knobs.before = () => { throw new Rejection('mail.unavailable', { status: 451 }); };
    await post.deliver();
    expect((await get(id)).mail.status).to.equal('queued');
    await post.pass();
    expect(post.sent, 'not before its time').to.deep.equal([]);
    for (const pause of [10_000, 60_000, 300_000, 900_000, 3_600_000]) {
      platform.knobs.now += pause - 1;
      await post.pass();
      platform.knobs.now += 1;
      let tried = 0;
      post.knobs.before = () => { tried += 1; throw new Rejection('mail.unavailable', {}); };
      await post.pass();
      expect(tried, `after ${pause} ms`).to.equal(1);
    }
    post.knobs.before = () => { throw new Rejection('mail.refused', { status: 550 }); };
    platform.knobs.now += 3_600_000;
    await post.pass();
    expect((await get(id)).mail).to.deep.include({ status: 'failed', reason: 'refused' });
    post.knobs.before = () => expect.fail('it is settled');
    platform.knobs.now += DAY;
    await post.deliver();
  });

  it('send no mail that nobody needs any more', async () => {
    const { json: withdrawn } = await invite();
    await platform.call('DELETE', `/tenants/acme/invitations/${withdrawn.id}`);
    const { json: old } = await invite({ email: 'old@x.example' });
    await post.react();
    platform.knobs.now += 7 * DAY;
    await post.pass();
    expect(post.sent).to.deep.equal([]);
    expect([(await get(withdrawn.id)).mail.reason, (await get(old.id)).mail.reason]).to.deep.equal(['withdrawn', 'expired']);
  });

  it('send again what a crash cut off, under the same id, and never what was settled', async () => {
    const { json: { id } } = await invite();
    platform.knobs.beforeAppend = (_stream, type) => { if (type === 'MailSent') throw new Error('killed'); };
    await post.deliver();
    platform.knobs.beforeAppend = () => undefined;
    expect(post.sent.map((mail) => mail.id)).to.deep.equal([id]);
    platform.knobs.now += 120_000;
    await post.pass();
    await post.queue.put({ kind: 'invitation', tenant: acme.id, userId: '', id });
    await post.pass();
    expect(post.sent.map((mail) => mail.id)).to.deep.equal([id, id]);
  });

  it('are sent by one of two programs that look at the same time', async () => {
    for (let n = 0; n < 12; n += 1) await invite({ email: `p${n}@x.example` });
    await post.react();
    const other = collectMail({ ...platform, ...platform.another() });
    await Promise.all([post.pass(), other.pass()]);
    expect(new Set([...post.sent, ...other.sent].map(({ to }) => to)).size).to.equal(12);
    expect(post.sent.length + other.sent.length).to.equal(12);
  });

  it('leave no address and no code in what is stored or logged', async () => {
    await invite({ email: 'canary-7@x.example' });
    const [mail = expect.fail('no mail')] = await post.deliver();
    const token = codeIn(mail);
    await accept(`${token}x`);
    await accept(token);
    const { events } = await platform.ground.embedded.log.feed().pull(undefined, 1_000, AbortSignal.timeout(15_000));
    const kept: string[] = [JSON.stringify(events), platform.running.logs.join('')];
    for await (const { value } of platform.ground.embedded.state.list('checkpoint:mail-queue')) kept.push(value);
    for (const canary of ['canary-7', token.slice(-32), token]) expect(kept.join('\n')).not.to.include(canary);
    expect(events.map(({ type }) => type)).to.include.members(['InvitationCreated', 'MailSent', 'InvitationAccepted', 'MemberAdded']);
  });
});
