import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { expect } from 'chai';
import { collect } from '../../support/collect.ts';
import { PASSWORD, startProgram, type Organization, type Program } from './program.ts';

const API = '/qwick-cert/api/v1';

describe('authentication', () => {
  let program: Program;
  let acme: Organization;
  const operations = (headers: Record<string, string>) =>
    program.ask('GET', `${API}/signing-operations?organization_slug=${acme.slug}`, { headers });
  const login = (body: object) => program.ask('POST', `${API}/auth/login`, { body });
  const refresh = (token: string) => program.ask('POST', `${API}/auth/refresh`, { body: { refresh_token: token } });

  before(async () => {
    program = await startProgram();
  });
  after(() => program.close());
  beforeEach(async () => {
    program.knobs.now += 120_000;
    acme = await program.organization();
  });

  it('by password gives tokens that the other routes take', async () => {
    const { status, json } = await login({ email: acme.owner.email, password: PASSWORD });
    expect(status).to.equal(201);
    expect(Object.keys(json.data)).to.deep.equal(['access_token', 'refresh_token', 'expires_in', 'tenant', 'role']);
    expect(json.data).to.include({ expires_in: 900, tenant: acme.slug, role: 'owner' });
    expect((await operations({ authorization: `Bearer ${json.data.access_token}` })).status).to.equal(200);
    expect((await operations({ authorization: `bearer ${json.data.access_token}` })).status).to.equal(200);
  });

  it('takes the organization by either name, and looks no further', async () => {
    for (const name of ['organization_slug', 'tenant']) {
      expect((await login({ email: acme.owner.email, password: PASSWORD, [name]: acme.slug })).status).to.equal(201);
      expect((await login({ email: acme.owner.email, password: PASSWORD, [name]: 'elsewhere' })).json.error.code).to.equal('QWICK_AUTH_300');
    }
  });

  it('refreshes once, and ends the session when a token comes back', async () => {
    const { refresh_token: first } = (await login({ email: acme.owner.email, password: PASSWORD })).json.data;
    const second = await refresh(first);
    expect(second.status).to.equal(200);
    expect(second.json.data).to.include({ tenant: acme.slug, role: 'owner' }).and.to.have.property('refresh_token').that.does.not.equal(first);
    const reused = await refresh(first);
    expect([reused.status, reused.json.error.code, reused.json.error.message]).to.deep.equal([401, 'QWICK_AUTH_302', 'Refresh token revoked or expired']);
    expect((await refresh(second.json.data.refresh_token)).json.error.code).to.equal('QWICK_AUTH_302');
    expect((await operations({ authorization: `Bearer ${second.json.data.access_token}` })).json.error.code).to.equal('QWICK_AUTH_301');
  });

  describe('answers 401 QWICK_AUTH_301 to', () => {
    const cases: readonly (readonly [string, Record<string, string>])[] = [
      ['nothing', {}],
      ['an empty header', { authorization: '' }],
      ['Basic', { authorization: 'Basic cXdpY2s6YWs=' }],
      ['a bare key', { authorization: 'qwick_ak_x' }],
      ['Bearer alone', { authorization: 'Bearer' }],
      ['two tokens', { authorization: 'Bearer a b' }],
      ['nonsense', { authorization: 'Bearer x.y.z' }],
      ['a key of another service', { authorization: 'Bearer qapi_0123456789abcdef' }],
      ['alg none', { authorization: `Bearer ${Buffer.from('{"alg":"none"}').toString('base64url')}.e30.` }],
    ];
    for (const [name, headers] of cases) {
      it(name, async () => {
        const { status, json, headers: got } = await operations(headers);
        expect(status).to.equal(401);
        expect(json.error).to.deep.equal({
          code: 'QWICK_AUTH_301', message: 'Access token expired or invalid', details: {}, docs: 'https://docs.qwickcert.com/errors/QWICK_AUTH_301',
        });
        expect(got.get('www-authenticate')).to.equal('Bearer');
        expect(got.get('x-qwick-cli-update')).to.equal('optional');
      });
    }

    it('an expired access token', async () => {
      const authorization = `Bearer ${await program.session(acme)}`;
      program.knobs.now += 899_000;
      expect((await operations({ authorization })).status).to.equal(200);
      program.knobs.now += 1_000;
      expect((await operations({ authorization })).json.error.code).to.equal('QWICK_AUTH_301');
    });
  });

  it('answers 401 QWICK_AUTH_304 to an unknown key', async () => {
    const { status, json } = await operations({ authorization: `Bearer qwick_ak_${'x'.repeat(32)}` });
    expect([status, json.error.code, json.error.message]).to.deep.equal([401, 'QWICK_AUTH_304', 'API key revoked or expired']);
  });

  it('answers 429 QWICK_AUTH_305 after ten failures', async () => {
    for (let tried = 0; tried < 10; tried += 1) {
      expect((await login({ email: acme.owner.email, password: 'wrong' })).json.error).to.deep.include({ code: 'QWICK_AUTH_300', message: 'Invalid credentials' });
    }
    const { status, json, headers } = await login({ email: acme.owner.email, password: PASSWORD });
    expect([status, json.error.code, json.error.details, headers.get('retry-after')]).to.deep.equal([429, 'QWICK_AUTH_305', { retry_after: 60 }, '60']);
  });

  it('names what is missing', async () => {
    expect(Object.keys((await login({})).json.error.details.fields)).to.have.members(['email', 'password']);
    expect(Object.keys((await program.ask('POST', `${API}/auth/refresh`, { body: {} })).json.error.details.fields)).to.deep.equal(['refresh_token']);
  });
});

const told = (headers: Headers) => ['limit', 'remaining', 'reset'].map((name) => headers.get(`x-ratelimit-${name}`));

/** `fetch` does not let anybody choose the Host. */
const askHost = async (port: number, host: string, path: string): Promise<Readonly<{ status: number | undefined; text: string }>> => {
  const [response] = (await once(get({ host: '127.0.0.1', port, path, headers: { host } }), 'response')) as [IncomingMessage];
  return { status: response.statusCode, text: (await collect(response.setEncoding('utf8'))).join('') };
};

describe('rate limits', () => {
  let program: Program;
  const operations = (of: Organization, as: string) => program.ask('GET', `${API}/signing-operations?organization_slug=${of.slug}`, { as });

  before(async () => {
    program = await startProgram();
  });
  after(() => program.close());
  beforeEach(() => {
    program.knobs.now += 120_000;
  });

  for (const [plan, limit] of [['free', 60], ['pro', 300], ['enterprise', 1_000]] as const) {
    it(`${plan}: ${limit} a minute, told in every answer`, async () => {
      const acme = await program.organization(plan);
      const { secret } = await program.key(acme);
      const reset = String(program.knobs.now / 1_000 + 60);
      expect(told((await operations(acme, secret)).headers)).to.deep.equal([String(limit), String(limit - 1), reset]);
      const failed = await program.ask('GET', `${API}/signing-operations`, { as: secret });
      expect([failed.status, ...told(failed.headers)]).to.deep.equal([400, String(limit), String(limit - 2), reset]);
    });
  }

  it('the operator\'s own limit goes before the plan\'s', async () => {
    const acme = await program.organization('enterprise');
    await program.plan(acme, { plan: 'enterprise', limits: { requestsPerMinute: 5_000 } });
    expect((await operations(acme, (await program.key(acme)).secret)).headers.get('x-ratelimit-limit')).to.equal('5000');
  });

  it('beyond it: 429 as the document shows, for the whole organization, until the window is over', async () => {
    const acme = await program.organization('free');
    const other = await program.organization('free');
    const [one, two] = [(await program.key(acme)).secret, await program.session(acme, 'viewer')];
    const opened = program.knobs.now;
    for (let asked = 0; asked < 60; asked += 1) expect((await operations(acme, asked % 2 === 0 ? one : two)).status).to.equal(200);
    program.knobs.now = opened + 48_000;
    for (const as of [one, two]) {
      const { status, json, headers } = await operations(acme, as);
      expect(status).to.equal(429);
      expect(headers.get('retry-after')).to.equal('12');
      expect(told(headers)).to.deep.equal(['60', '0', String(opened / 1_000 + 60)]);
      expect(json.error).to.deep.equal({
        code: 'QWICK_API_604', message: 'Rate limit exceeded', details: { retry_after: 12 }, docs: 'https://docs.qwickcert.com/errors/QWICK_API_604',
      });
    }
    expect((await operations(other, (await program.key(other)).secret)).status).to.equal(200);
    program.knobs.now = opened + 59_999;
    expect((await operations(acme, one)).status).to.equal(429);
    program.knobs.now = opened + 60_000;
    expect((await operations(acme, one)).status).to.equal(200);
  });

  it('count after authentication: a stranger uses up nobody\'s', async () => {
    const acme = await program.organization('free');
    for (let asked = 0; asked < 5; asked += 1) await operations(acme, `qwick_ak_${'x'.repeat(32)}`);
    expect((await operations(acme, (await program.key(acme)).secret)).headers.get('x-ratelimit-remaining')).to.equal('59');
  });

  it('do not apply to trust anchors and sign-in', async () => {
    const { status, headers } = await program.ask('GET', '/qwick-cert/pki/root.pem');
    expect([status, headers.get('x-ratelimit-limit')]).to.deep.equal([200, null]);
  });
});

describe('trust anchors', () => {
  let program: Program;
  before(async () => {
    program = await startProgram();
  });
  after(() => program.close());

  for (const name of ['root', 'issuing', 'tsa']) {
    it(`/pki/${name}.pem, without authentication`, async () => {
      const { status, headers, text } = await program.ask('GET', `/qwick-cert/pki/${name}.pem`);
      expect([status, headers.get('content-type')]).to.deep.equal([200, 'application/pem-certificate-chain']);
      expect(text).to.equal(`-----BEGIN CERTIFICATE-----\n${name}\n-----END CERTIFICATE-----\n`);
      expect(headers.get('x-qwick-cli-update')).to.equal('optional');
    });
  }

  it('/pki/issuing.crl, without authentication', async () => {
    const { status, headers, text } = await program.ask('GET', '/qwick-cert/pki/issuing.crl');
    expect([status, headers.get('content-type'), text]).to.deep.equal([200, 'application/pkix-crl', 'crl']);
  });

  it('by host name as well, without the mount', async () => {
    const { status, text } = await askHost(program.running.port, 'app.qwickcert.com', '/pki/root.pem');
    expect([status, text.split('\n')[1]]).to.deep.equal([200, 'root']);
    expect((await askHost(program.running.port, 'app.qwickcert.com', '/api/v1/apikeys')).text).to.contain('QWICK_AUTH_301');
    expect((await askHost(program.running.port, 'elsewhere.example', '/pki/root.pem')).status).to.equal(404);
  });
});
