import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import { errorCatalogue as platformErrors } from '../../../api/platform/errors.ts';
import { errorCatalogue as qwickCertErrors } from '../../../api/qwick-cert/errors.ts';
import { CREDENTIAL_USE } from '../../../application/tenancy/create-access.ts';
import { monthsLater } from '../../../application/tenancy/credential-forms.ts';
import type { CredentialMaker, NewCredential } from '../../../application/tenancy/credentials.ts';
import type { SubjectId, TenantId } from '../../../domain/kernel/ids.ts';
import type { Rejection } from '../../../domain/kernel/rejection.ts';
import { CAUSE, OPERATOR, PASSWORD, startTenancy, type Tenancy } from '../../support/tenancy.ts';
import { rejection } from '../../support/rejections.ts';

const ending = (text: string, months: number): string => new Date(monthsLater(Date.parse(text), months)).toISOString();

describe('access by credential', () => {
  let tenancy: Tenancy;
  before(async () => { tenancy = await startTenancy(); });
  after(() => tenancy.close());

  const issue = (tenant: TenantId, wanted: Partial<NewCredential> = {}, by: CredentialMaker = { kind: 'operator' }) =>
    tenancy.credentials.create(tenant, { surface: 'qwick-cert', name: 'CI', ...wanted }, by, { ...CAUSE, id: randomUUID() });
  const refused = async (secret: string) => (await rejection(tenancy.access.credential('qwick-cert', secret))).code;
  const memberOf = async (tenant: TenantId, role: 'admin' | 'signer' = 'admin') =>
    tenancy.members.add(tenant, { email: `${randomUUID()}@m.example`, password: PASSWORD, role }, OPERATOR);

  it('tells tenant, permissions and the person it acts for', async () => {
    const { id, owner } = await tenancy.organization();
    const made = await issue(id, { permissions: ['sign', 'read_audit'] });
    expect(await tenancy.access.credential('qwick-cert', made.secret)).to.deep.include({
      kind: 'credential',
      surface: 'qwick-cert',
      credentialId: made.id,
      permissions: ['sign', 'read_audit'],
      actingFor: owner.userId,
      role: 'owner',
      secondFactor: true,
    });
    expect((await tenancy.another().access.credential('qwick-cert', made.secret)).tenant.id).to.equal(id);
  });

  it('acts for the person who made it, without a second factor unless their session had one', async () => {
    const { id } = await tenancy.organization();
    const { userId } = await memberOf(id);
    const plain = await issue(id, {}, { kind: 'person', userId, amr: ['pwd'] });
    const strong = await issue(id, {}, { kind: 'person', userId, amr: ['pwd', 'otp'] });
    expect(await tenancy.access.credential('qwick-cert', plain.secret)).to.include({ actingFor: userId, role: 'admin', secondFactor: false });
    expect(await tenancy.access.credential('qwick-cert', strong.secret)).to.include({ secondFactor: true });
  });

  it('ends when the credential is revoked, in every process', async () => {
    const { id } = await tenancy.organization();
    const other = tenancy.another();
    const made = await issue(id);
    await other.access.credential('qwick-cert', made.secret);
    const { revokedAt, already } = await tenancy.credentials.revoke(id, made.id, CAUSE);
    expect([revokedAt, already]).to.deep.equal(['2026-03-09T15:00:00.000Z', false]);
    expect(await refused(made.secret)).to.equal('tenancy.credential_revoked');
    expect((await rejection(other.access.credential('qwick-cert', made.secret))).code).to.equal('tenancy.credential_revoked');
    expect(await tenancy.credentials.revoke(id, made.id, CAUSE)).to.deep.equal({ id: made.id, revokedAt, already: true });
  });

  it('ends when it expires', async () => {
    const { id } = await tenancy.organization();
    const at = tenancy.knobs.now + 1_000;
    const made = await issue(id, { expires: { at } });
    expect(made.expiresAt).to.equal(new Date(at).toISOString());
    tenancy.knobs.now = at - 1;
    await tenancy.access.credential('qwick-cert', made.secret);
    tenancy.knobs.now = at;
    expect(await refused(made.secret)).to.equal('tenancy.credential_expired');
  });

  it('ends when its person is removed, and stays ended when they come back', async () => {
    const { id } = await tenancy.organization();
    const email = `${randomUUID()}@m.example`;
    const person = { email, password: PASSWORD, role: 'admin' } as const;
    const { userId } = await tenancy.members.add(id, person, OPERATOR);
    const made = await issue(id, {}, { kind: 'person', userId, amr: ['pwd'] });
    await tenancy.members.remove(id, userId, OPERATOR);
    expect(await refused(made.secret)).to.equal('tenancy.credential_revoked');
    expect((await tenancy.members.add(id, person, OPERATOR)).userId).to.equal(userId);
    expect(await refused(made.secret)).to.equal('tenancy.credential_revoked');
  });

  it('follows the role of its person', async () => {
    const { id } = await tenancy.organization();
    const { userId } = await memberOf(id);
    const made = await issue(id, {}, { kind: 'person', userId, amr: ['pwd'] });
    await tenancy.members.changeRole(id, userId, 'viewer', OPERATOR);
    expect(await tenancy.access.credential('qwick-cert', made.secret)).to.include({ role: 'viewer' });
  });

  it('is refused for what was never given out', async () => {
    const { id } = await tenancy.organization();
    const { secret } = await issue(id);
    for (const wrong of ['', 'qwick_ak_', `${secret}x`, secret.slice(0, -1), secret.toLowerCase(), `qwick_ak_${'0'.repeat(32)}`, 'x'.repeat(100_000), `qapi_${secret.slice(9)}`]) {
      expect(await refused(wrong)).to.equal('tenancy.credential_unknown');
    }
    expect((await rejection(tenancy.access.credential('quantum-lock', secret))).code).to.equal('tenancy.credential_unknown');
  });

  it('counts each use', async () => {
    const { id } = await tenancy.organization();
    const made = await issue(id);
    for (let use = 0; use < 3; use += 1) await tenancy.access.credential('qwick-cert', made.secret);
    const [listed] = (await tenancy.credentialList.page(id, { limit: 10 })).items;
    expect(listed).to.include({ id: made.id, useCount: 3, lastUsedAt: new Date(tenancy.knobs.now).toISOString() });
    expect((await tenancy.ground.embedded.state.totals(CREDENTIAL_USE, [made.id])).get(made.id)?.count).to.equal(3);
  });
});

describe('access of somebody already known', () => {
  let tenancy: Tenancy;
  before(async () => { tenancy = await startTenancy(); });
  after(() => tenancy.close());

  const newcomer = async (tenant: TenantId, slug: string) => {
    const email = `${randomUUID()}@m.example`;
    const { userId } = await tenancy.members.add(tenant, { email, password: PASSWORD, role: 'owner' }, OPERATOR);
    const signedIn = await tenancy.sessions.signIn({ email, password: PASSWORD, tenant: slug, ip: '192.0.2.1' }, CAUSE);
    const key = await tenancy.credentials.create(tenant, { surface: 'qwick-cert', name: 'CI' }, { kind: 'person', userId, amr: ['pwd'] }, { ...CAUSE, id: randomUUID() });
    return { userId, key, person: await tenancy.access.session(signedIn.accessToken), credential: await tenancy.access.credential('qwick-cert', key.secret) };
  };
  const codes = async ({ person, credential }: Awaited<ReturnType<typeof newcomer>>) =>
    Promise.all([person, credential].map(async (known) => tenancy.access.current(known).then(({ role }) => role, (error: unknown) => (error as Rejection).code)));

  it('is what it is now, and no use', async () => {
    const { id, slug } = await tenancy.organization();
    const known = await newcomer(id, slug);
    expect(await tenancy.access.current(known.person)).to.deep.equal(known.person);
    expect(await tenancy.access.current(known.credential)).to.deep.equal(known.credential);
    await tenancy.members.changeRole(id, known.userId, 'viewer', OPERATOR);
    expect(await codes(known)).to.deep.equal(['viewer', 'viewer']);
    expect((await tenancy.ground.embedded.state.totals(CREDENTIAL_USE, [known.key.id])).get(known.key.id)?.count).to.equal(1);
  });

  it('ends with the membership, the session, the credential and its time', async () => {
    const { id, slug } = await tenancy.organization();
    const removed = await newcomer(id, slug);
    await tenancy.members.remove(id, removed.userId, OPERATOR);
    expect(await codes(removed)).to.deep.equal(['tenancy.token_invalid', 'tenancy.credential_revoked']);
    const out = await newcomer(id, slug);
    await tenancy.sessions.signOut(out.person, CAUSE);
    await tenancy.credentials.revoke(id, out.key.id, CAUSE);
    expect(await codes(out)).to.deep.equal(['tenancy.token_invalid', 'tenancy.credential_revoked']);
    const late = await newcomer(id, slug);
    tenancy.knobs.now += 400 * 86_400_000;
    expect(await codes(late)).to.deep.equal(['tenancy.token_invalid', 'tenancy.credential_expired']);
  });
});

describe('making a credential', () => {
  let tenancy: Tenancy;
  before(async () => { tenancy = await startTenancy(); });
  after(() => tenancy.close());
  const create = (tenant: TenantId, wanted: Partial<NewCredential>, id: string = randomUUID()) =>
    tenancy.credentials.create(tenant, { surface: 'qwick-cert', name: 'CI', ...wanted }, { kind: 'operator' }, { ...CAUSE, id });

  it('gives a secret of its surface\'s form, of at least 160 random bits, and remembers its hash only', async () => {
    const { id } = await tenancy.organization();
    const made = await create(id, {});
    expect(made.secret).to.match(/^qwick_ak_[0-9A-Za-z]{32}$/u);
    expect(made.prefix).to.equal(made.secret.slice(0, 13));
    expect(32 * Math.log2(62)).to.be.greaterThan(160);
    const { state } = await tenancy.aggregates.credentials.load((await import('../../../application/tenancy/aggregates.ts')).streams.credential(id, made.id));
    expect(JSON.stringify(state)).not.to.include(made.secret.slice(13));
    expect(new Set(await Promise.all(Array.from({ length: 50 }, async () => (await create(id, {})).secret))).size).to.equal(50);
  });

  it('lets it end at midnight UTC, half a year later unless told otherwise', async () => {
    const { id } = await tenancy.organization();
    expect((await create(id, {})).expiresAt).to.equal('2026-09-09T00:00:00.000Z');
    expect((await create(id, { expires: { inMonths: 24 } })).expiresAt).to.equal('2028-03-09T00:00:00.000Z');
  });

  it('clamps the day to the month', () => {
    expect(ending('2026-08-31T23:59:59.999Z', 6)).to.equal('2027-02-28T00:00:00.000Z');
    expect(ending('2027-08-31T00:00:00.000Z', 6)).to.equal('2028-02-29T00:00:00.000Z');
    expect(ending('2026-01-31T12:00:00.000Z', 1)).to.equal('2026-02-28T00:00:00.000Z');
    expect(ending('2026-11-30T12:00:00.000Z', 3)).to.equal('2027-02-28T00:00:00.000Z');
  });

  it('refuses what the surface does not have', async () => {
    const { id } = await tenancy.organization();
    const fields = async (wanted: Partial<NewCredential>) => (await rejection(create(id, wanted))).details['fields'] as object;
    expect(await fields({ permissions: ['sign', 'admin'] })).to.have.key('permissions');
    expect(await fields({ permissions: [] })).to.have.key('permissions');
    expect(await fields({ kind: 'service' })).to.have.key('kind');
    expect(await fields({ name: '  ' })).to.have.key('name');
    expect(await fields({ expires: { at: tenancy.knobs.now } })).to.have.key('expires_at');
    expect(await fields({ expires: { inMonths: 25 } })).to.have.key('expires_at');
    expect(await rejection(create(id, { surface: 'quantum-api' }))).to.deep.equal({ code: 'tenancy.surface_not_served', details: { surface: 'quantum-api' } });
    expect((await tenancy.credentialList.page(id, { limit: 10 })).items).to.deep.equal([]);
  });

  it('leaves no second good secret behind when it is asked again after a crash', async () => {
    const { id } = await tenancy.organization();
    const wanted = randomUUID();
    const lost = await create(id, {}, wanted);
    const made = await create(id, {}, wanted);
    expect(made.id).not.to.equal(wanted);
    await tenancy.access.credential('qwick-cert', made.secret);
    expect((await rejection(tenancy.access.credential('qwick-cert', lost.secret))).code).to.equal('tenancy.credential_revoked');
  });

  it('is made once when two attempts with one id are at it at the same moment: the other one is told so, on every surface', async () => {
    const { id } = await tenancy.organization();
    const wanted = randomUUID();
    const attempts = await Promise.allSettled([create(id, {}, wanted), create(id, {}, wanted)]);
    expect(attempts.map((attempt) => (attempt.status === 'fulfilled' ? attempt.value.id : attempt.reason.code))).to.have.members([wanted, 'tenancy.credential_exists']);
    expect([platformErrors, qwickCertErrors].map((errors) => errors['tenancy.credential_exists']?.status)).to.deep.equal([409, 409]);
  });

  it('finds nothing to revoke in another tenant or surface', async () => {
    const { id } = await tenancy.organization();
    const other = await tenancy.organization();
    const made = await create(id, {});
    for (const attempt of [
      tenancy.credentials.revoke(other.id, made.id, CAUSE),
      tenancy.credentials.revoke(id, randomUUID(), CAUSE),
      tenancy.credentials.revoke(id, made.id, CAUSE, 'quantum-lock'),
    ]) expect((await rejection(attempt)).code).to.equal('tenancy.credential_not_found');
    await tenancy.access.credential('qwick-cert', made.secret);
  });

  it('is for members only', async () => {
    const { id } = await tenancy.organization();
    const stranger = { kind: 'person', userId: randomUUID() as SubjectId, amr: ['pwd'] } as const;
    const attempt = tenancy.credentials.create(id, { surface: 'qwick-cert', name: 'CI' }, stranger, { ...CAUSE, id: randomUUID() });
    expect((await rejection(attempt)).code).to.equal('tenancy.member_unknown');
  });
});
