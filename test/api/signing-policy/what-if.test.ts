import { expect } from 'chai';
import { resolve } from '../../../api/composition/provide.ts';
import { storage } from '../../../api/composition/tokens.ts';
import { openWorld, otherDigest, type Acme, type Json, type World } from './world.ts';

const codes = ({ items }: Json) => items.map(({ operation_id, code }: Json) => [operation_id, code]);

describe('what-if over HTTP', function suite() {
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

  const sign = async (over: object = {}, token?: string, headers: Record<string, string> = {}): Promise<string> => {
    const { status, json } = await acme.sign(over, token, headers);
    expect(status).to.equal(200);
    return String(json['data'].operation_id);
  };

  it('has nothing to say of nothing', async () => {
    const answer = await acme.whatIf({ lockdown: true });
    expect(answer).to.deep.include({ considered: 0, refused: 0, by_code: {}, items: [], items_truncated: false, unknown_addresses: 0 });
    expect(answer['to_position']).to.match(/^\d{20}$/u);
  });

  it('judges what was signed by each rule, up to the head of the log', async () => {
    const big = await sign({ file_size: 5_000, file_name: 'setup.msi', reason: 'Release' });
    const far = await sign({ client_channel: 'github_action' }, acme.key, { 'x-forwarded-for': '203.0.113.9' });
    const weak = await sign({}, (await acme.member('dev', 'signer')).token);
    const head = await resolve(world.app.program.container, storage.log).head();
    const answer = await acme.whatIf({ max_file_size: 4_000 });
    expect(codes(answer)).to.deep.equal([[big, 'QWICK_POLICY_409']]);
    expect(answer).to.deep.include({ considered: 3, refused: 1, by_code: { QWICK_POLICY_409: 1 }, to_position: head });
    expect(codes(await acme.whatIf({ ip_allowlist: ['127.0.0.0/8'] }))).to.deep.equal([[far, 'QWICK_POLICY_401']]);
    expect(codes(await acme.whatIf({ require_2fa: true }))).to.deep.equal([[weak, 'QWICK_POLICY_400']]);
    expect(codes(await acme.whatIf({ allowed_sources: ['api', 'cli'] }))).to.deep.equal([[far, 'QWICK_POLICY_407']]);
    expect(codes(await acme.whatIf({ allowed_extensions: ['exe'] }))).to.deep.equal([[big, 'QWICK_POLICY_408']]);
    expect((await acme.whatIf({ require_reason: true }))['by_code']).to.deep.equal({ QWICK_API_600: 2 });
    expect((await acme.whatIf({ lockdown: true }))['by_code']).to.deep.equal({ QWICK_POLICY_415: 3 });
    expect((await acme.whatIf({ approval: { enabled: true, approvers: [acme.ownerEmail] } }))['by_code']).to.deep.equal({ QWICK_POLICY_402: 3 });
    expect((await acme.whatIf({}))['refused']).to.equal(0);
    expect(await acme.signed(), 'nothing has changed').to.equal(3);
  });

  it('judges what was refused as well', async () => {
    await acme.policy({ lockdown: true });
    await acme.sign({ file_size: 9_000 });
    await acme.policy({});
    await sign();
    const answer = await acme.whatIf({ max_file_size: 5_000 });
    expect(answer).to.deep.include({ considered: 2, refused: 1 });
    expect(answer['items'][0]).to.deep.include({ code: 'QWICK_POLICY_409', was: 'refused' });
  });

  it('judges whom the plan turned away, who count for nobody\'s rate', async () => {
    const plan = async (operations: number) => acme.plan({ plan: 'enterprise', limits: { signing_operations: operations } });
    await plan(1);
    await sign();
    for (const size of [9_000, 9_001]) expect((await acme.sign({ file_size: size })).code).to.equal('QWICK_BILLING_700');
    await plan(2);
    await sign();
    const answer = await acme.whatIf({ max_file_size: 5_000 });
    expect(answer).to.deep.include({ considered: 4, refused: 2, by_code: { QWICK_POLICY_409: 2 } });
    expect(answer['items'].map(({ was }: Json) => was)).to.deep.equal(['turned_away', 'turned_away']);
    expect(await acme.whatIf({ per_user_limit: { count: 2, window_seconds: 600 } }), 'two were signed').to.deep.include({ considered: 4, refused: 0 });
  });

  it('comes to what the same policy did', async () => {
    const policy = { per_user_limit: { count: 2, window_seconds: 600 }, allowed_extensions: ['exe'] };
    await acme.policy(policy);
    const outcomes = [];
    for (const [index, name] of ['a.exe', 'a.dll', 'b.exe', 'c.exe', 'd.exe'].entries()) outcomes.push((await acme.sign({ file_name: name, digest: otherDigest(index) })).code);
    expect(outcomes).to.deep.equal([undefined, 'QWICK_POLICY_408', undefined, 'QWICK_POLICY_403', 'QWICK_POLICY_403']);
    const answer = await acme.whatIf(policy);
    expect(answer).to.deep.include({ considered: 5, refused: 3, by_code: { QWICK_POLICY_408: 1, QWICK_POLICY_403: 2 } });
    expect(answer['items'].every(({ was }: Readonly<{ was: string }>) => was === 'refused')).to.equal(true);
  });

  it('knows what went ahead on an approval', async () => {
    const boss = await acme.member('boss', 'viewer');
    const policy = { approval: { enabled: true, approvers: [boss.userId] } };
    await sign({ digest: otherDigest(1) });
    await acme.policy(policy);
    const id = (await acme.sign()).json['error'].details.approval_id;
    expect((await acme.call('POST', `/approvals/${id}/approve`, undefined, boss.token)).status).to.equal(200);
    const approved = await sign();
    const answer = await acme.whatIf(policy);
    expect(answer).to.deep.include({ considered: 3, refused: 2 });
    expect(answer['items'].map(({ operation_id: operation }: Readonly<{ operation_id: string }>) => operation)).to.not.include(approved);
  });

  it('looks back as far as it is asked, and counts the window before', async () => {
    await sign({ file_size: 9_000 });
    world.pass(2 * 86_400_000);
    await sign({ file_size: 9_001 });
    expect(await acme.whatIf({ max_file_size: 1 }, 1)).to.deep.include({ considered: 1, refused: 1 });
    expect(await acme.whatIf({ max_file_size: 1 }, 3)).to.deep.include({ considered: 2, refused: 2 });
    expect((await acme.whatIf({ per_user_limit: { count: 1, window_seconds: 86_400 } }, 1))['refused']).to.equal(0);
    expect((await acme.whatIf({ per_user_limit: { count: 1, window_seconds: 3 * 86_400 } }, 1))['refused']).to.equal(1);
  });

  it('passes an erased person\'s address by, and says so', async () => {
    const dev = await acme.member('dev', 'signer');
    await sign({}, dev.token);
    await sign();
    await resolve(world.app.program.container, storage.vault).destroy(dev.userId);
    expect(await acme.whatIf({ ip_allowlist: ['192.0.2.1'] })).to.deep.include({ considered: 2, refused: 1, unknown_addresses: 1, by_code: { QWICK_POLICY_401: 1 } });
    expect(await acme.whatIf({ lockdown: true })).to.deep.include({ refused: 2, unknown_addresses: 0 });
  });

  it('keeps tenants apart, and wants 1 to 366 days', async () => {
    await sign();
    const other = await world.organization();
    expect(await other.whatIf({ lockdown: true })).to.deep.include({ considered: 0 });
    for (const days of [0, 367, 1.5, '1', undefined]) expect((await acme.call('POST', '/signing-policy/what-if', { policy: {}, days })).status).to.equal(400);
  });
});
