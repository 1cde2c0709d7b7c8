import { expect } from 'chai';
import { streamId } from '../../../domain/kernel/ids.ts';
import type { TenantId } from '../../../domain/kernel/ids.ts';
import type { SigningRefused } from '../../../domain/signing/refusal.events.ts';
import { resolve } from '../../../api/composition/provide.ts';
import { storage } from '../../../api/composition/tokens.ts';
import { collect } from '../../support/collect.ts';
import { openWorld, otherDigest, type Acme, type Json, type World } from './world.ts';

const WHOLE = {
  require_2fa: true,
  ip_allowlist: ['127.0.0.0/8', '2001:db8::1'],
  approval: { enabled: false, approvers: [] },
  per_user_limit: { count: 5, window_seconds: 60 },
  signing_hours: { timezone: 'Europe/Berlin', days: ['mon', 'fri'], from: '22:00', to: '06:00' },
  allowed_sources: ['cli', 'github_action'],
  allowed_extensions: ['.EXE', 'msi'],
  max_file_size: 1_000_000,
  require_reason: true,
  lockdown: false,
};

describe('signing policy over HTTP', function suite() {
  this.timeout(60_000);
  let world: World;
  let acme: Acme;
  before(async () => {
    world = await openWorld();
  });
  after(() => world.close());
  beforeEach(async () => {
    acme = await world.organization();
  });

  const refusals = async (): Promise<readonly SigningRefused['data'][]> => {
    const store = resolve(world.app.program.container, storage.store);
    // They may have been recorded before midnight.
    const days = [-86_400_000, 0].map((later) => new Date(world.now() + later).toISOString().slice(0, 10));
    const found = await Promise.all(days.map((day) => collect(store.read<SigningRefused>(streamId('signing.refusals', acme.id as TenantId, day)))));
    return found.flat().map(({ data }) => data);
  };
  const get = async (): Promise<Json> => (await acme.call('GET', '/signing-policy')).json() as Json;

  it('is empty before it is set, and then as it was set, replaced as a whole', async () => {
    expect(await get()).to.deep.equal({});
    expect(await acme.policy(WHOLE)).to.deep.equal(WHOLE);
    expect(await get()).to.deep.equal(WHOLE);
    expect(await acme.policy({ lockdown: true })).to.deep.equal({ lockdown: true });
    expect(await get()).to.deep.equal({ lockdown: true });
    expect(await acme.policy({})).to.deep.equal({});
    expect((await acme.sign()).status).to.equal(200);
  });

  it('is put back as it was got, also when an approver has left since; strangers are still refused', async () => {
    const [gone, boss] = [await acme.member('gone', 'viewer'), await acme.member('boss', 'viewer')];
    const approval = { enabled: true, approvers: [gone.email, boss.email] };
    await acme.policy({ approval });
    expect((await acme.call('DELETE', `/members/${gone.userId}`)).status).to.equal(204);
    const got = (await acme.call('GET', '/signing-policy')).json() as Json;
    expect(await acme.policy({ ...got, lockdown: true })).to.deep.equal({ approval, lockdown: true });
    expect((await acme.whatIf({ approval }))['refused']).to.equal(0);
    const stranger = await acme.call('PUT', '/signing-policy', { approval: { enabled: true, approvers: [gone.email, 'nobody@acme.example'] } });
    expect([stranger.status, Object.keys((stranger.json() as Json)['fields'])]).to.deep.equal([400, ['approval.approvers.1']]);
    await acme.policy({ approval: { enabled: true, approvers: [boss.email] } });
    expect((await acme.call('PUT', '/signing-policy', { approval })).status, 'who is not in the policy any more').to.equal(400);
  });

  it('shows approvers as they were named, and keeps no address in the log', async () => {
    const boss = await acme.member('boss', 'viewer');
    const approval = { enabled: true, approvers: [boss.email, acme.ownerId] };
    expect(await acme.policy({ approval })).to.deep.equal({ approval });
    expect(await acme.policy({ approval: { enabled: true, approvers: [boss.email.toUpperCase(), boss.userId] } })).to.deep.equal({ approval: { enabled: true, approvers: [boss.email] } });
    const store = resolve(world.app.program.container, storage.store);
    const stored = JSON.stringify(await collect(store.read(streamId('signing.policy', acme.id as TenantId, 'policy'))));
    expect(stored).to.contain(boss.userId).and.to.not.contain(boss.email);
  });

  const wrong: readonly (readonly [policy: object, ...fields: string[]])[] = [
    [{ ip_allow_list: [] }, 'ip_allow_list'],
    [{ ip_allowlist: '10.0.0.0/8' }, 'ip_allowlist'],
    [{ ip_allowlist: ['10.0.0.0/8', '10.0.0.0/40'] }, 'ip_allowlist.1'],
    [{ require_2fa: 'yes' }, 'require_2fa'],
    [{ lockdown: null }, 'lockdown'],
    [{ approval: {} }, 'approval.enabled'],
    [{ approval: { enabled: true, approvers: [] } }, 'approval.approvers'],
    [{ approval: { enabled: true, approvers: ['nobody@acme.example', '019aa5c4-6f00-7000-8000-00000000dead', 'x'] } }, 'approval.approvers.0', 'approval.approvers.1', 'approval.approvers.2'],
    [{ per_user_limit: { count: 1 } }, 'per_user_limit.window_seconds'],
    [{ per_user_limit: { count: 0, window_seconds: 10_000_000 } }, 'per_user_limit.count', 'per_user_limit.window_seconds'],
    [{ signing_hours: { timezone: 'Mars/Base', from: '25:00', to: '6:00' } }, 'signing_hours.timezone', 'signing_hours.from', 'signing_hours.to'],
    [{ signing_hours: { timezone: 'UTC', days: ['monday'], from: '08:00', to: '09:00' } }, 'signing_hours.days.0'],
    [{ allowed_sources: ['jenkins'] }, 'allowed_sources.0'],
    [{ allowed_extensions: ['exe', 'a/b'] }, 'allowed_extensions.1'],
    [{ max_file_size: 0 }, 'max_file_size'],
    [{ max_file_size: 1.5 }, 'max_file_size'],
  ];
  for (const [policy, ...fields] of wrong) {
    it(`refuses ${JSON.stringify(policy)}, and names ${fields.join(', ')}`, async () => {
      for (const [method, path, body, prefix] of [['PUT', '/signing-policy', policy, ''], ['POST', '/signing-policy/what-if', { policy, days: 1 }, 'policy.']] as const) {
        const answer = await acme.call(method, path, body);
        expect([answer.status, Object.keys((answer.json() as Json)['fields'])]).to.deep.equal([400, fields.map((field) => prefix + field)]);
      }
      expect(await get()).to.deep.equal({});
    });
  }

  it('is for the operator, owners and admins of the tenant', async () => {
    const [signer, admin, other] = [await acme.member('dev', 'signer'), await acme.member('admin', 'admin'), await world.organization()];
    const put = async (token: string): Promise<number> => (await acme.call('PUT', '/signing-policy', {}, token)).status;
    expect([await put(signer.token), await put(admin.token), await put(await acme.owner()), await put(await other.owner()), await put(acme.key)]).to.deep.equal([403, 200, 200, 404, 401]);
  });

  it('leaves one event with all facts of a refused request, and no operation', async () => {
    await acme.policy({ allowed_extensions: ['msi'] });
    const { status, code } = await acme.sign({ reason: 'Release', client_channel: 'github_action', client_version: '1.2.0' }, acme.key, { 'x-forwarded-for': '198.51.100.7' });
    expect([status, code]).to.deep.equal([403, 'QWICK_POLICY_408']);
    expect(await acme.signed()).to.equal(0);
    const [refused, ...more] = await refusals();
    expect(more).to.deep.equal([]);
    expect(refused).to.deep.include({
      code: 'signing.policy_extension', actorUserId: acme.ownerId, by: { kind: 'credential', id: acme.keyId }, secondFactor: true, fileName: 'MyApp.exe', fileSize: 1_000,
      source: 'github_action', clientChannel: 'github_action', clientVersion: '1.2.0', reason: 'Release',
    });
    expect(JSON.stringify(refused)).to.not.contain('198.51.100.7');
  });

  it('tells the first rule that refuses, and in force is what was set last', async () => {
    await acme.policy({ ...WHOLE, lockdown: true });
    expect((await acme.sign({ reason: 'r' })).code).to.equal('QWICK_POLICY_415');
    expect((await acme.sign()).code).to.equal('QWICK_API_600');
    await acme.policy({ ip_allowlist: ['192.0.2.0/24'], require_2fa: true, max_file_size: 1 });
    expect((await acme.sign()).code).to.equal('QWICK_POLICY_401');
    expect((await acme.sign({}, acme.key, { 'x-forwarded-for': '::ffff:192.0.2.9' })).code).to.equal('QWICK_POLICY_409');
    const signer = await acme.member('dev', 'signer');
    expect((await acme.sign({}, signer.token, { 'x-forwarded-for': '192.0.2.9' })).code).to.equal('QWICK_POLICY_400');
    await acme.policy({ require_reason: true });
    const { status, json } = await acme.sign({ reason: '   ' });
    expect([status, json['error'].code, Object.keys(json['error'].details.fields)]).to.deep.equal([400, 'QWICK_API_600', ['reason']]);
    expect((await acme.sign({ reason: 'Release' })).status).to.equal(200);
  });

  it('says nothing of the policy to who may not sign', async () => {
    await acme.policy({ lockdown: true });
    expect((await acme.sign({}, (await acme.member('eve', 'viewer')).token)).code).to.equal('QWICK_AUTH_303');
    expect(await refusals()).to.deep.equal([]);
  });

  describe('a person\'s rate', () => {
    it('is exact for 64 requests at once, by session and by key of the same person', async () => {
      await acme.policy({ per_user_limit: { count: 7, window_seconds: 3_600 } });
      const owner = await acme.owner();
      const answers = await Promise.all(Array.from({ length: 64 }, (_, index) => acme.sign({ digest: otherDigest(index) }, index % 2 === 0 ? acme.key : owner)));
      expect(answers.filter(({ status }) => status === 200)).to.have.length(7);
      const refused = answers.filter(({ code }) => code === 'QWICK_POLICY_403');
      expect(refused).to.have.length(57);
      for (const { headers, json } of refused) expect(headers.get('retry-after')).to.equal(String(json['error'].details.retry_after));
      expect(await acme.signed()).to.equal(7);
      expect(await refusals()).to.have.length(57);
    });

    it('counts what was signed before there was a limit, and lets go when the window has passed', () => world.standingStill(async () => {
      for (const number of [1, 2]) expect((await acme.sign({ digest: otherDigest(number) })).status).to.equal(200);
      world.pass(10_000);
      await acme.policy({ per_user_limit: { count: 3, window_seconds: 60 } });
      expect((await acme.sign()).status).to.equal(200);
      expect((await acme.sign()).json['error'].details.retry_after).to.equal(50);
      world.pass(49_999);
      expect((await acme.sign()).code).to.equal('QWICK_POLICY_403');
      world.pass(1);
      expect((await acme.sign()).status).to.equal(200);
    }));

    it('is each person\'s own', async () => {
      await acme.policy({ per_user_limit: { count: 1, window_seconds: 3_600 } });
      const dev = await acme.member('dev', 'signer');
      expect([(await acme.sign()).status, (await acme.sign()).status, (await acme.sign({}, dev.token)).status, (await acme.sign({}, dev.token)).status]).to.deep.equal([200, 429, 200, 429]);
    });
  });
});
