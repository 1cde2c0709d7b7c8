import { expect } from 'chai';
import { openWorld, otherDigest, type Acme, type Json, type World } from './world.ts';

describe('approvals over HTTP', function suite() {
  this.timeout(60_000);
  let world: World;
  let acme: Acme;
  let boss: Readonly<{ email: string; userId: string; token: string }>;
  before(async () => {
    world = await openWorld();
  });
  after(() => world.close());
  beforeEach(async () => {
    acme = await world.organization();
    boss = await acme.member('boss', 'viewer');
    await acme.policy({ approval: { enabled: true, approvers: [boss.email] } });
  });

  const pending = async (over: object = {}): Promise<string> => {
    const { code, json } = await acme.sign(over);
    expect(code).to.equal('QWICK_POLICY_402');
    return String(json['error'].details.approval_id);
  };
  const decide = async (id: string, verb: 'approve' | 'reject', token: string = boss.token) => {
    const answer = await acme.call('POST', `/approvals/${id}/${verb}`, undefined, token);
    const json = answer.json() as Json;
    return { status: answer.status, code: json['code'], json };
  };
  const queue = async (query = '', token: string = boss.token): Promise<readonly Json[]> => ((await acme.call('GET', `/approvals${query}`, undefined, token)).json() as Json)['items'];

  it('is granted by one person and used by another\'s pipeline, once', async () => {
    const first = await acme.sign({ reason: 'Release' });
    expect(first.status).to.equal(409);
    const { approval_id: id, status, expires_at: expires } = first.json['error'].details;
    expect(status).to.equal('pending');
    expect(new Date(expires).toISOString()).to.equal(expires);
    expect((await acme.sign()).json['error'].details).to.deep.equal(first.json['error'].details);
    const [item, ...more] = await queue();
    expect(more).to.deep.equal([]);
    expect(item).to.deep.include({
      id, status: 'pending', requester_user_id: acme.ownerId, requester_email: acme.ownerEmail, file_name: 'MyApp.exe', file_size: 1_000, reason: 'Release', source: 'api',
      expires_at: expires, approver_user_id: null, decided_at: null, operation_id: null,
    });
    expect(Date.parse(expires) - Date.parse(item?.['requested_at'])).to.equal(86_400_000);
    expect((await decide(id, 'approve')).json).to.deep.include({ id, status: 'approved', approver_user_id: boss.userId, approver_email: boss.email });
    const signed = await acme.sign();
    expect(signed.status).to.equal(200);
    expect((await queue())[0]).to.deep.include({ id, status: 'used', operation_id: signed.json['data'].operation_id });
    expect(await pending()).to.not.equal(id);
    expect(await acme.signed()).to.equal(1);
  });

  it('is one approval for 64 requests at once, which sign once', async () => {
    const asked = await Promise.all(Array.from({ length: 64 }, () => acme.sign()));
    const ids = new Set(asked.map(({ json }) => json['error'].details.approval_id));
    expect([ids.size, (await queue()).length]).to.deep.equal([1, 1]);
    expect((await decide(String([...ids][0]), 'approve')).status).to.equal(200);
    const answers = await Promise.all(Array.from({ length: 64 }, () => acme.sign()));
    expect(answers.filter(({ status }) => status === 200)).to.have.length(1);
    expect(answers.filter(({ code }) => code === 'QWICK_POLICY_402')).to.have.length(63);
    expect(await acme.signed()).to.equal(1);
    await pending();
    expect((await queue()).map(({ status }) => status), 'it is spent: another is asked for').to.have.members(['pending', 'used']);
  });

  it('is for one person and one digest', async () => {
    const id = await pending();
    const dev = await acme.member('dev', 'signer');
    expect(await pending({ digest: otherDigest(1) })).to.not.equal(id);
    await decide(id, 'approve');
    expect((await acme.sign({}, dev.token)).code).to.equal('QWICK_POLICY_402');
    expect((await acme.sign({ digest: otherDigest(1) })).code).to.equal('QWICK_POLICY_402');
    expect((await acme.sign()).status).to.equal(200);
  });

  it('is decided by approvers, owners and admins, never by who asks, and one time', async () => {
    const id = await pending();
    const [dev, viewer] = [await acme.member('dev', 'signer'), await acme.member('viewer', 'viewer')];
    for (const { token } of [dev, viewer]) expect(await decide(id, 'approve', token)).to.deep.include({ status: 403, code: 'signing.approver_required' });
    expect(await decide(id, 'approve', await acme.owner())).to.deep.include({ status: 403, code: 'signing.approval_own' });
    expect((await decide(id, 'approve', acme.key)).status).to.equal(401);
    await acme.policy({ approval: { enabled: true, approvers: [boss.email, acme.ownerId] } });
    expect(await decide(id, 'approve', await acme.owner()), 'listed or not').to.deep.include({ status: 403, code: 'signing.approval_own' });
    expect((await decide(id, 'approve')).json).to.include({ status: 'approved', approver_user_id: boss.userId, decided_by: 'member' });
    expect(await decide(id, 'approve')).to.deep.include({ status: 409, code: 'signing.approval_decided' });
    expect(await decide(id, 'reject')).to.deep.include({ status: 409, code: 'signing.approval_decided' });
    expect(await decide('019aa5c4-6f00-7000-8000-00000000dead', 'approve')).to.deep.include({ status: 404, code: 'signing.approval_not_found' });
    const another = await pending({ digest: otherDigest(3) });
    const admin = await acme.member('admin', 'admin');
    expect((await decide(another, 'reject', admin.token)).json).to.include({ status: 'rejected', approver_user_id: admin.userId, approver_email: admin.email, decided_by: 'member' });
  });

  it('is decided by the operator, also when no approver is left, which the queue and the log tell', async () => {
    const id = await pending();
    expect((await queue())[0]).to.include({ decided_by: null });
    expect((await acme.call('DELETE', `/members/${boss.userId}`)).status).to.equal(204);
    const { operatorToken } = world.app;
    expect((await decide(id, 'approve', operatorToken)).json).to.include({ status: 'approved', approver_user_id: null, approver_email: null, decided_by: 'operator' });
    expect(await decide(id, 'approve', operatorToken)).to.deep.include({ status: 409, code: 'signing.approval_decided' });
    expect((await acme.sign()).status).to.equal(200);
    const another = await pending({ digest: otherDigest(4) });
    expect((await decide(another, 'reject', operatorToken)).json).to.include({ status: 'rejected', decided_by: 'operator' });
    const asked = (await queue('', operatorToken)).map(({ id: each, decided_by: by }) => [each, by]);
    expect(asked).to.deep.equal([[another, 'operator'], [id, 'operator']]);
  });

  it('of 32 approvers\' clicks at once one counts', async () => {
    const id = await pending();
    const answers = await Promise.all(Array.from({ length: 32 }, (_, index) => decide(id, index % 2 === 0 ? 'approve' : 'reject')));
    expect(answers.filter(({ status }) => status === 200)).to.have.length(1);
    expect(answers.filter(({ status }) => status === 409)).to.have.length(31);
  });

  it('shows the queue to approvers, owners, admins and the operator', async () => {
    await pending();
    const dev = await acme.member('dev', 'signer');
    const admin = await acme.member('admin', 'admin');
    const statuses = await Promise.all([boss.token, admin.token, world.app.operatorToken, dev.token].map(async (token) => (await acme.call('GET', '/approvals', undefined, token)).status));
    expect(statuses).to.deep.equal([200, 200, 200, 403]);
  });

  it('stays rejected until it is over, and can be asked for anew then', async () => {
    const id = await pending();
    expect((await decide(id, 'reject')).json).to.deep.include({ status: 'rejected', approver_user_id: boss.userId });
    expect((await acme.sign()).json['error'].details).to.deep.include({ approval_id: id, status: 'rejected' });
    expect(await acme.signed()).to.equal(0);
    world.pass(86_400_000);
    expect(await pending()).to.not.equal(id);
  });

  it('is over after 24 hours, whether it was granted or not', async () => {
    const [granted, open] = [await pending(), await pending({ digest: otherDigest(2) })];
    await decide(granted, 'approve');
    world.pass(86_400_000);
    // Whoever was signed in is not any more.
    const session = await world.app.ask('POST', '/platform/v1/sessions', { body: { email: boss.email, password: 'plenty of words to remember 7', tenant: acme.slug } });
    const token = String((session.json() as Json)['access_token']);
    expect(await decide(open, 'approve', token)).to.deep.include({ status: 409, code: 'signing.approval_expired' });
    expect((await queue('?status=expired', token)).map(({ id }) => id)).to.have.members([granted, open]);
    expect(await queue('?status=pending', token)).to.deep.equal([]);
    expect(await pending()).to.not.equal(granted);
    expect((await queue('?status=pending', token)).length).to.equal(1);
  });

  it('comes by pages', async () => {
    const ids = [];
    for (const number of [1, 2, 3]) ids.unshift(await pending({ digest: otherDigest(number) }));
    const page = (await acme.call('GET', '/approvals?limit=2&status=pending', undefined, boss.token)).json() as Json;
    const next = (await acme.call('GET', `/approvals?limit=2&status=pending&cursor=${page['next_cursor']}`, undefined, boss.token)).json() as Json;
    expect([...page['items'], ...next['items']].map(({ id }) => id)).to.deep.equal(ids);
    expect(next['next_cursor']).to.equal(null);
    expect((await acme.call('GET', `/approvals?cursor=${page['next_cursor']}`, undefined, boss.token)).status, 'of another list').to.equal(400);
  });

  it('is nothing to another tenant, whatever its approvers know', async () => {
    const id = await pending();
    const other = await world.organization();
    const rival = await other.member('boss', 'viewer');
    await other.policy({ approval: { enabled: true, approvers: [rival.userId] } });
    expect(((await other.call('GET', '/approvals', undefined, rival.token)).json() as Json)['items']).to.deep.equal([]);
    expect((await other.call('POST', `/approvals/${id}/approve`, undefined, rival.token)).status).to.equal(404);
    expect((await acme.call('POST', `/approvals/${id}/approve`, undefined, rival.token)).status).to.equal(404);
    expect((await acme.call('GET', '/approvals', undefined, rival.token)).status).to.equal(404);
    expect((await queue())[0]).to.deep.include({ id, status: 'pending' });
  });

  it('asks for it last, and gives the person\'s rate back when it is missing', async () => {
    await acme.policy({ approval: { enabled: true, approvers: [boss.email] }, per_user_limit: { count: 1, window_seconds: 3_600 }, max_file_size: 2_000 });
    expect((await acme.sign({ file_size: 2_001 })).code).to.equal('QWICK_POLICY_409');
    const id = await pending();
    await pending();
    await decide(id, 'approve');
    expect((await acme.sign()).status).to.equal(200);
    expect((await acme.sign()).code).to.equal('QWICK_POLICY_403');
  });
});
