/** GET /billing/summary */
import { expect } from 'chai';
import { START, startProgram, type Organization, type Program } from './program.ts';

const API = '/qwick-cert/api/v1';

describe('billing summary', () => {
  let program: Program;

  before(async () => {
    program = await startProgram();
  });
  after(() => program.close());
  beforeEach(() => {
    program.knobs.now = START;
  });

  const summary = async (of: Organization, as?: string) =>
    program.ask('GET', `${API}/billing/summary?organization_slug=${of.slug}`, { as: as ?? (await program.session(of)) });
  const sign = async (of: Organization, key: string) => {
    const body = { digest: `${'A'.repeat(43)}=`, algorithm: 'sha256', file_name: 'a.exe', file_size: 1, organization_slug: of.slug };
    return program.ask('POST', `${API}/sign-digest`, { as: key, body });
  };

  it('is the document\'s, member by member, in its order', async () => {
    const acme = await program.organization('pro');
    await program.session(acme, 'signer');
    await program.plan(acme, {
      plan: 'pro',
      currentPeriodEnd: '2026-04-09T00:00:00.000Z',
      discount: { name: 'Annual 20%', percentOff: 20, endsAt: '2027-03-09T00:00:00.000Z' },
    });
    const { secret } = await program.key(acme);
    await sign(acme, secret);
    await sign(acme, secret);
    const { status, json } = await summary(acme);
    expect(status).to.equal(200);
    expect(JSON.stringify(json.data)).to.equal(JSON.stringify({
      plan: 'pro',
      status: 'active',
      current_period_end: '2026-04-09T00:00:00Z',
      cancel_at_period_end: false,
      limits: { members: 10, signing_operations: 'unlimited' },
      usage: { members: 2, signing_operations_this_period: 2 },
      discount: { name: 'Annual 20%', percent_off: 20, ends_at: '2027-03-09T00:00:00Z' },
    }));
  });

  it('of Free: a year from the plan\'s start, three members, a hundred signings, no discount', async () => {
    const { json } = await summary(await program.organization('free'));
    expect(json.data).to.deep.equal({
      plan: 'free',
      status: 'active',
      current_period_end: '2027-03-09T15:00:00Z',
      cancel_at_period_end: false,
      limits: { members: 3, signing_operations: 100 },
      usage: { members: 1, signing_operations_this_period: 0 },
      discount: null,
    });
  });

  it('of Enterprise: nothing is limited unless the operator says so', async () => {
    const acme = await program.organization('enterprise');
    expect((await summary(acme)).json.data.limits).to.deep.equal({ members: 'unlimited', signing_operations: 'unlimited' });
    await program.plan(acme, { plan: 'enterprise', limits: { members: 50, signingOperations: 5_000 }, status: 'past_due', cancelAtPeriodEnd: true });
    expect((await summary(acme)).json.data).to.deep.include({ limits: { members: 50, signing_operations: 5_000 }, status: 'past_due', cancel_at_period_end: true });
  });

  it('leaves out a discount that is over, and moves on with the period', async () => {
    const acme = await program.organization('pro');
    await program.plan(acme, { plan: 'pro', currentPeriodEnd: '2026-03-31T00:00:00.000Z', discount: { name: 'd', percentOff: 5, endsAt: '2026-03-20T00:00:00.000Z' } });
    await sign(acme, (await program.key(acme)).secret);
    expect((await summary(acme)).json.data.usage.signing_operations_this_period).to.equal(1);
    program.knobs.now = Date.parse('2026-03-31T00:00:00.000Z');
    const { json } = await summary(acme);
    expect(json.data).to.deep.include({ current_period_end: '2026-04-30T00:00:00Z', discount: null, usage: { members: 1, signing_operations_this_period: 0 } });
  });

  it('gives nothing back when the end of the period is moved, in any direction', async () => {
    for (const plan of ['free', 'pro'] as const) {
      const acme = await program.organization(plan);
      const limits = { signingOperations: 2 };
      await program.plan(acme, { plan, limits });
      const { secret } = await program.key(acme);
      await sign(acme, secret);
      await sign(acme, secret);
      for (const currentPeriodEnd of ['2026-04-01T00:00:00.000Z', '2027-01-09T00:00:00.000Z', '2026-03-01T00:00:00.000Z', '2026-03-20T00:00:00.000Z', undefined, '2026-03-20T00:00:00.000Z']) {
        await program.plan(acme, { plan, limits, ...(currentPeriodEnd !== undefined && { currentPeriodEnd }) });
        const refused = await sign(acme, secret);
        expect(refused.json.error.code, `${plan} until ${currentPeriodEnd}`).to.equal(plan === 'free' ? 'QWICK_BILLING_702' : 'QWICK_BILLING_700');
        expect((await summary(acme)).json.data.usage.signing_operations_this_period).to.equal(2);
      }
      program.knobs.now = Date.parse('2026-03-20T00:00:00.000Z');
      expect((await sign(acme, secret)).status, 'the period is over').to.equal(200);
      expect((await summary(acme)).json.data.usage.signing_operations_this_period).to.equal(1);
      program.knobs.now = START;
    }
  });

  it('of a subscription that ends with its period: cancelled from then on, and nothing rolls on', async () => {
    const acme = await program.organization('pro');
    const { secret } = await program.key(acme);
    await sign(acme, secret);
    await program.plan(acme, { plan: 'pro', cancelAtPeriodEnd: true });
    expect((await summary(acme)).json.data).to.include({ status: 'active', cancel_at_period_end: true, current_period_end: '2026-04-09T15:00:00Z' });
    program.knobs.now = Date.parse('2026-04-09T14:59:59.999Z');
    expect((await sign(acme, secret)).status).to.equal(200);
    program.knobs.now = Date.parse('2026-05-20T00:00:00.000Z');
    const refused = await sign(acme, secret);
    expect([refused.status, refused.json.error.code]).to.deep.equal([403, 'QWICK_BILLING_701']);
    expect((await summary(acme)).json.data).to.deep.include({
      status: 'cancelled', cancel_at_period_end: true, current_period_end: '2026-04-09T15:00:00Z', usage: { members: 1, signing_operations_this_period: 2 },
    });
    await program.plan(acme, { plan: 'pro' });
    expect((await sign(acme, secret)).status).to.equal(200);
    await program.plan(acme, { plan: 'pro', cancelAtPeriodEnd: true, currentPeriodEnd: '2026-05-19T00:00:00.000Z' });
    expect((await sign(acme, secret)).json.error.code, 'an end that has passed').to.equal('QWICK_BILLING_701');
    expect((await summary(acme)).json.data).to.include({ status: 'cancelled', current_period_end: '2026-05-19T00:00:00Z' });
  });

  it('counts no signing that gave no signature', async () => {
    const acme = await program.organization('pro');
    const { secret } = await program.key(acme);
    const { sign: works } = program.knobs;
    program.knobs.sign = () => Promise.reject(new Error('broken'));
    await sign(acme, secret);
    program.knobs.sign = works;
    await sign(acme, secret);
    expect((await summary(acme)).json.data.usage.signing_operations_this_period).to.equal(1);
  });

  it('is for people, from viewer up, of this organization', async () => {
    const acme = await program.organization('pro');
    expect((await summary(acme, await program.session(acme, 'viewer'))).status).to.equal(200);
    const key = await summary(acme, (await program.key(acme)).secret);
    expect([key.status, key.json.error.code, key.json.error.details]).to.deep.equal([403, 'QWICK_AUTH_303', { required: 'session' }]);
    const other = await program.organization();
    const foreign = await summary(acme, await program.session(other));
    expect([foreign.status, foreign.json.error.code]).to.deep.equal([404, 'QWICK_API_602']);
    expect((await program.ask('GET', `${API}/billing/summary`, { as: await program.session(acme) })).status).to.equal(400);
  });
});
