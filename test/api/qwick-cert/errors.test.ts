/** For every code that can be reached: the request that reaches it, and the answer in the document's shape. */
import { expect } from 'chai';
import type { PolicyDraft } from '../../../application/signing/policies.ts';
import { Rejection } from '../../../domain/kernel/rejection.ts';
import { errorCatalogue, QWICK_CODES, renderError, type QwickCode } from '../../../api/qwick-cert/errors.ts';
import { KERNEL_REJECTIONS } from '../../../api/kernel/surface.ts';
import { createAnswerShapes } from './answer-shapes.ts';
import { PASSWORD, SIGNED, startProgram, type Organization, type Program } from './program.ts';

const API = '/qwick-cert/api/v1';
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u;

type Answer = Awaited<ReturnType<Program['ask']>>;
type Case = readonly [code: QwickCode, status: number, request: string, make: () => Promise<Answer>];

/** The API reference's table of codes, copied by hand. */
const DOCUMENTED = [
  ...['000'].map((number) => `QWICK_INFRA_${number}`),
  ...['101', '102', '103', '104'].map((number) => `QWICK_SIGN_${number}`),
  ...['300', '301', '302', '303', '304', '305'].map((number) => `QWICK_AUTH_${number}`),
  ...['400', '401', '402', '403', '404', '407', '408', '409', '415'].map((number) => `QWICK_POLICY_${number}`),
  ...['600', '601', '602', '604'].map((number) => `QWICK_API_${number}`),
  ...['700', '701', '702'].map((number) => `QWICK_BILLING_${number}`),
];

const exhausted = async (make: () => Promise<Answer>) => {
  for (let asked = 0; asked < 60; asked += 1) await make();
  return make();
};

describe('error codes', () => {
  let program: Program;
  let acme: Organization;
  let key: string;

  const signBody = () => ({ digest: `${'A'.repeat(43)}=`, algorithm: 'sha256', file_name: 'a.exe', file_size: 1, organization_slug: acme.slug });
  const sign = (as = key, body: unknown = signBody(), headers = {}) => program.ask('POST', `${API}/sign-digest`, { as, body, headers });
  const get = (path: string, as = key) => program.ask('GET', `${API}${path}?organization_slug=${acme.slug}`, { as });
  const post = (path: string, body: unknown, as = '', headers = {}) => program.ask('POST', `${API}${path}`, { as, body, headers });
  const failing = (cause: Error) => {
    program.knobs.sign = async () => {
      throw cause;
    };
    return sign();
  };
  const unrecorded = async () => {
    const { append } = program.knobs;
    program.knobs.append = () => Promise.reject(new Rejection('storage.unavailable'));
    const answer = await sign();
    program.knobs.append = append;
    return answer;
  };
  const revoked = async () => {
    const { id, secret } = await program.key(acme);
    const owner = await program.session(acme);
    const revoke = () => program.ask('POST', `${API}/apikeys/${id}/revoke?organization_slug=${acme.slug}`, { as: owner });
    await revoke();
    return { secret, again: revoke };
  };
  const usedTwice = async () => {
    const { refresh_token } = (await post('/auth/login', { email: acme.owner.email, password: PASSWORD })).json.data;
    await post('/auth/refresh', { refresh_token });
    return post('/auth/refresh', { refresh_token });
  };
  const failedLogins = async () => {
    for (let tried = 0; tried < 10; tried += 1) await post('/auth/login', { email: acme.owner.email, password: 'wrong' });
    return post('/auth/login', { email: acme.owner.email, password: PASSWORD });
  };
  const policed = async (policy: PolicyDraft, over: object = {}) => {
    await program.rules.policies.set(acme.id, policy, { actor: { kind: 'operator', id: 'test' }, correlation: 'test' });
    return sign(key, { ...signBody(), ...over });
  };
  const tooOften = async () => {
    await sign();
    return policed({ perUserLimit: { count: 1, windowSeconds: 60 } });
  };
  const inTwo = async () => {
    const other = await program.organization();
    await program.tenancy.members.add(other.id, { email: acme.owner.email, password: PASSWORD, role: 'viewer' }, {
      cause: { actor: { kind: 'operator', id: 'test' }, correlation: 'test' }, by: { kind: 'operator' },
    });
    return post('/auth/login', { email: acme.owner.email, password: PASSWORD });
  };

  const allowed = async (plan: string, signingOperations: number) => {
    await program.plan(acme, { plan, limits: { signingOperations } });
    for (let signed = 0; signed < signingOperations; signed += 1) await sign();
    return sign();
  };
  /** One request signs for as long as the other waits. */
  const inTheWay = async () => {
    await program.plan(acme, { plan: 'free' });
    const entered = Promise.withResolvers<void>();
    const done = Promise.withResolvers<void>();
    program.knobs.sign = async () => {
      entered.resolve();
      await done.promise;
      return SIGNED;
    };
    const first = sign();
    await entered.promise;
    const second = await sign();
    done.resolve();
    expect((await first).status).to.equal(200);
    return second;
  };
  const report = (operation: string, body: object) =>
    program.ask('POST', `${API}/signing-operations/${operation}/result?organization_slug=${acme.slug}`, { as: key, body });
  const reportedTwice = async () => {
    const { operation_id: operation } = (await sign(key, { ...signBody(), await_result: true })).json.data;
    await report(operation, { status: 'completed' });
    return report(operation, { status: 'completed' });
  };

  const cases: readonly Case[] = [
    ['QWICK_POLICY_400', 403, 'a policy of second factors', async () => {
      key = await program.session(acme, 'signer');
      return policed({ requireSecondFactor: true });
    }],
    ['QWICK_POLICY_401', 403, 'a policy of other addresses', () => policed({ ipAllowlist: ['192.0.2.0/24'] })],
    ['QWICK_POLICY_402', 409, 'a policy of approvals', () => policed({ approval: { enabled: true, approvers: [acme.owner.email] } })],
    ['QWICK_POLICY_403', 429, 'a policy of one signing a minute, after one', tooOften],
    ['QWICK_POLICY_404', 403, 'a policy of other hours', () => policed({ signingHours: { timezone: 'UTC', from: '03:00', to: '03:01' } })],
    ['QWICK_POLICY_407', 403, 'a policy of other sources', () => policed({ allowedSources: ['dashboard'] })],
    ['QWICK_POLICY_408', 403, 'a policy of other extensions', () => policed({ allowedExtensions: ['.msi'] })],
    ['QWICK_POLICY_409', 413, 'a policy of smaller files', () => policed({ maxFileSize: 1_000 }, { file_size: 1_001 })],
    ['QWICK_POLICY_415', 403, 'a lockdown', () => policed({ lockdown: true })],
    ['QWICK_API_600', 400, 'a policy of reasons', () => policed({ requireReason: true }, { reason: ' ' })],
    ['QWICK_INFRA_000', 500, 'signing, when something unforeseen breaks', () => failing(new Error('unforeseen'))],
    ['QWICK_INFRA_000', 503, 'signing, when nothing can be recorded', unrecorded],
    ['QWICK_SIGN_101', 429, 'signing, when no place becomes free in time', inTheWay],
    ['QWICK_SIGN_102', 503, 'signing, while the certificate is being made', () => failing(new Rejection('signing.backend_provisioning', { retryAfter: 3 }))],
    ['QWICK_SIGN_103', 502, 'signing, when the backend fails', () => failing(new Rejection('signing.backend_failed'))],
    ['QWICK_SIGN_104', 502, 'signing, when the backend stumbles', () => failing(new Rejection('signing.backend_transient'))],
    ['QWICK_SIGN_104', 502, 'signing, when it took so long that the operation was given up', () => failing(new Rejection('signing.operation_timed_out'))],
    ['QWICK_AUTH_300', 401, 'login with a wrong password', () => post('/auth/login', { email: acme.owner.email, password: 'wrong' })],
    ['QWICK_AUTH_301', 401, 'a list without a token', () => get('/signing-operations', '')],
    ['QWICK_AUTH_302', 401, 'a refresh token used twice', usedTwice],
    ['QWICK_AUTH_303', 403, 'signing as a viewer', async () => sign(await program.session(acme, 'viewer'))],
    ['QWICK_AUTH_303', 403, 'a key on /apikeys', () => get('/apikeys')],
    ['QWICK_AUTH_303', 403, 'a key on /billing/summary', () => get('/billing/summary')],
    ['QWICK_AUTH_304', 401, 'a key that has been revoked', async () => get('/signing-operations', (await revoked()).secret)],
    ['QWICK_AUTH_305', 429, 'an eleventh login after ten failures', failedLogins],
    ['QWICK_API_600', 400, 'signing without a body', () => sign(key, {})],
    ['QWICK_API_600', 400, 'a body that is no JSON', () => sign(key, '{"digest"')],
    ['QWICK_API_600', 405, 'DELETE on the list', () => program.ask('DELETE', `${API}/signing-operations`, { as: key })],
    ['QWICK_API_600', 413, 'a body of 2 MB', () => sign(key, { ...signBody(), reason: 'x'.repeat(2_000_000) })],
    ['QWICK_API_600', 415, 'a body that does not say what it is', () => sign(key, signBody(), { 'content-type': 'text/plain' })],
    ['QWICK_API_600', 422, 'an Idempotency-Key used for something else', async () => {
      await sign(key, signBody(), { 'idempotency-key': 'k' });
      return sign(key, { ...signBody(), file_size: 2 }, { 'idempotency-key': 'k' });
    }],
    ['QWICK_API_600', 400, 'an Idempotency-Key that is none', () => sign(key, signBody(), { 'idempotency-key': '"' })],
    ['QWICK_API_601', 409, 'revoking twice', async () => (await revoked()).again()],
    ['QWICK_API_601', 409, 'reporting a result twice', reportedTwice],
    ['QWICK_API_601', 409, 'login to one of two organizations without naming it', inTwo],
    ['QWICK_API_602', 404, 'an operation that is not there', () => get('/signing-operations/019aa5c4-6f00-7000-8000-00000000dead')],
    ['QWICK_API_602', 404, 'another organization', () => program.ask('GET', `${API}/signing-operations?organization_slug=elsewhere`, { as: key })],
    ['QWICK_API_602', 404, 'a path that is not there', () => program.ask('GET', `${API}/nothing`, { as: key })],
    ['QWICK_API_604', 429, 'a 61st request in a minute on Free', async () => {
      acme = await program.organization('free');
      const { secret } = await program.key(acme);
      return exhausted(() => get('/signing-operations', secret));
    }],
    ['QWICK_BILLING_700', 403, 'a third signing where the plan allows two', () => allowed('pro', 2)],
    ['QWICK_BILLING_702', 429, 'a third signing in a year of Free that allows two', () => allowed('free', 2)],
    ['QWICK_BILLING_701', 403, 'signing on a cancelled subscription', async () => {
      await program.plan(acme, { status: 'cancelled' });
      return sign();
    }],
  ];

  before(async () => {
    program = await startProgram();
  });
  after(() => program.close());
  beforeEach(async () => {
    program.knobs.now += 120_000;
    program.knobs.sign = async () => SIGNED;
    acme = await program.organization();
    key = (await program.key(acme)).secret;
  });

  for (const [code, status, request, make] of cases) {
    it(`${code} ${status}: ${request}`, async () => {
      const { status: got, headers, json } = await make();
      expect([got, json.error?.code]).to.deep.equal([status, code]);
      expect(headers.get('content-type')).to.equal('application/json; charset=utf-8');
      expect(Object.keys(json)).to.deep.equal(['error', 'request_id', 'api_version']);
      expect(Object.keys(json.error)).to.deep.equal(['code', 'message', 'details', 'docs']);
      expect(json.error.message).to.equal(QWICK_CODES[code][1]);
      expect(json.error.details).to.be.an('object');
      expect(json.error.docs).to.equal(`https://docs.qwickcert.com/errors/${code}`);
      expect(json.request_id).to.match(UUID);
      expect(json.api_version).to.equal('v1');
      expect(headers.get('x-qwick-cli-update')).to.equal('optional');
      if (code === 'QWICK_API_600') expect(Object.keys(json.error.details.fields)).to.not.be.empty;
      if (status === 429) expect(headers.get('retry-after')).to.equal(String(json.error.details.retry_after));
      if (status === 405) expect(headers.get('allow')).to.equal('GET, HEAD');
    });
  }

  it('lists the organizations to choose from', async () => {
    const { json } = await inTwo();
    expect(json.error.details.organizations).to.have.length(2).and.to.include(acme.slug);
  });

  it('has a request above for every code that a rejection becomes', () => {
    const reachable = Object.values(errorCatalogue).map(({ description }) => description.split(':')[0]);
    expect(reachable.length).to.be.greaterThan(30);
    expect([...new Set<string | undefined>(cases.map(([code]) => code))]).to.have.members([...new Set(reachable)]);
  });

  it('which are the codes of the document', () => {
    expect(Object.keys(QWICK_CODES)).to.have.members(DOCUMENTED);
    expect([...new Set<string>(cases.map(([code]) => code))]).to.have.members(DOCUMENTED);
  });

  it('knows everything that the kernel rejects with', () => expect(Object.keys(errorCatalogue)).to.include.members([...KERNEL_REJECTIONS]));

  it('names in each route only rejections that it can render', () => {
    const named = program.surface.routes.flatMap(({ rejections = [] }) => rejections);
    expect(named.length).to.be.greaterThan(10);
    expect(Object.keys(errorCatalogue)).to.include.members([...new Set(named)]);
  });

  it('and every other test here would notice an answer off its schema', () => {
    const checkShape = createAnswerShapes(program.surface);
    const shown = { method: 'POST', path: `${API}/auth/refresh`, status: 200 };
    const data = { access_token: 'a', refresh_token: 'r', expires_in: 900, tenant: 'acme', role: 'owner' };
    const envelope = { data, request_id: '019aa5c4-6f00-7000-8000-000000000001', api_version: 'v1' };
    checkShape({ ...shown, json: envelope });
    for (const json of [{ ...envelope, data: { ...data, more: 1 } }, { ...envelope, api_version: 'v2' }, data]) expect(() => checkShape({ ...shown, json })).to.throw();
    expect(() => checkShape({ ...shown, status: 202, json: envelope })).to.throw(/not documented/u);
  });

  it('shows nothing of what it does not know', () => {
    for (const code of ['kernel.subject_unknown', 'constructor', '__proto__', 'toString']) {
      const { status, body } = renderError(new Rejection(code, { secret: 'canary', fields: { secret: 'canary' } }), { requestId: 'r' });
      expect(status).to.equal(500);
      expect(JSON.stringify(body)).to.contain('QWICK_INFRA_000').and.to.not.contain('canary');
    }
  });
});
