/**
 * A write is answered from what the command knows. Whatever route writes, with read models that are behind from its first append on: it
 * is never answered that the answer is not ready, because whoever is told so asks again, and has two of what was wanted once.
 */
import { expect } from 'chai';
import { createHash, X509Certificate } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { TOTP, Secret } from 'otpauth';
import { resolve } from '../../../api/composition/provide.ts';
import { servedSurfaces } from '../../../api/composition/surfaces.ts';
import { storage } from '../../../api/composition/tokens.ts';
import { createTenant, OWNER_PASSWORD, signIn, startApp, type Answer, type App, type AskOptions, type Tenant } from '../../support/app.ts';
import { startCollector } from '../../support/collector.ts';
import { startReceiver, type Receiver } from '../../support/receiver.ts';
import { startSmtp } from '../../support/smtp.ts';
import { plantLateModels, type Late } from './late-models.ts';

type Json = Readonly<Record<string, any>>; // oxlint-disable-line typescript/no-explicit-any -- answers are looked into at many places
type Call = Readonly<{ method: string; path: string } & AskOptions>;

/** Asks again until it is so. */
const seen = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await holds())) await pause(20);
};

const V1 = '/platform/v1';
const Q1 = '/qwick-cert/api/v1';
const L1 = '/quantum-lock/api/v1';

const bodyOf = ({ text }: Answer): Json => (text === '' ? {} : (JSON.parse(text) as Json));
const home = (path: string): string => `${V1}/tenants/acme${path}`;
const totpOf = (secret: string): string => new TOTP({ secret: Secret.fromBase32(secret), algorithm: 'SHA1', digits: 6, period: 30 }).generate();

/** What they do stands elsewhere. */
const NOTHING_IN_THE_LOG: ReadonlySet<string> = new Set(['platform trySigningPolicy', 'platform rebuildProjection', 'platform testSiemSink', 'platform testInstallationSiemSink']);
/** In the log a while after the answer. */
const LATER_IN_THE_LOG: ReadonlySet<string> = new Set(['platform startJob', 'platform requestPasswordReset']);
/** Questions that are recorded, or that make a key. */
const WRITING_QUESTIONS = ['qwick-cert exportSigningOperations', 'quantum-lock getOfflineLicense', 'quantum-lock getRevocationBundle'];

describe('writes while the read models are behind', function suite() {
  this.timeout(120_000);
  let app: App;
  let late: Late;
  let receiver: Receiver;
  let collector: Awaited<ReturnType<typeof startCollector>>;
  let smtp: Awaited<ReturnType<typeof startSmtp>>;
  let acme: Tenant;
  let owner: string;
  let key: string;
  let digests = 0;

  before(async () => {
    [receiver, collector, smtp] = await Promise.all([startReceiver(), startCollector(), startSmtp()]);
    app = await startApp({ env: { OUTBOUND_ALLOW: `${receiver.host},127.0.0.1:${collector.port}`, SMTP_URL: `smtp://127.0.0.1:${smtp.port}` } });
    late = plantLateModels(app);
    acme = await createTenant(app, 'acme');
    owner = await signIn(app, acme, acme.ownerEmail);
    key = (await make('POST', `${V1}/tenants/acme/credentials`, { surface: 'qwick-cert', name: 'key', permissions: ['sign', 'read_audit'] }))['secret'];
  });
  after(async () => {
    await app.close();
    await Promise.all([receiver.close(), collector.close(), smtp.close()]);
  });

  /** As the operator, with models that follow. */
  const make = async (method: string, path: string, body?: object, token = app.operatorToken): Promise<Json> => {
    const answer = await app.ask(method, path, { token, body });
    expect(answer.status, `${method} ${path}: ${answer.text}`).to.be.lessThan(300);
    return bodyOf(answer);
  };
  const operator = (method: string, path: string, body?: object): Call => ({ method, path, token: app.operatorToken, ...(body !== undefined && { body }) });
  const digest = (): string => createHash('sha256').update(String((digests += 1))).digest('base64');
  const signing = (more: object = {}) => ({ digest: digest(), algorithm: 'sha256', file_name: 'a.exe', file_size: 1, organization_slug: 'acme', ...more });
  const codeOf = async (email: string): Promise<string> => {
    const found = () => smtp.taken.findLast(({ to }) => to.includes(email))?.email.text ?? '';
    await seen(() => /token=/u.test(found()));
    return /\?token=(\S+)/u.exec(found())?.[1] ?? '';
  };
  const member = (name: string) => make('POST', home('/members'), { email: `${name}@acme.example`, password: OWNER_PASSWORD, role: 'viewer' });
  const session = (name: string) => make('POST', `${V1}/sessions`, { email: `${name}@acme.example`, password: OWNER_PASSWORD }, '');
  const invite = (name: string) => make('POST', home('/invitations'), { email: `${name}@new.example`, role: 'viewer' });
  const webhook = () => make('POST', home('/webhooks'), { url: receiver.url });
  const sink = (base: string) => make('POST', `${base}/siem-sinks`, { name: 'Collector', kind: 'ocsf-http', url: collector.url });
  const kmsKey = async (): Promise<string> => {
    const id = `key-${(digests += 1)}`;
    await make('POST', home('/kms-keys'), { key_id: id, algorithm: 'ED25519' });
    return id;
  };
  const lock = async (kind: 'api-key' | 'service'): Promise<string> => (await make('POST', home('/credentials'), { surface: 'quantum-lock', name: kind, kind }))['secret'];
  const licence = async (): Promise<Readonly<{ headers: Readonly<Record<string, string>>; key: string }>> => {
    const headers = { 'x-api-key': await lock('api-key') };
    const answer = await app.ask('POST', `${L1}/licenses/generate`, { headers, body: { end_customer_id: 'somebody' } });
    return { headers, key: bodyOf(answer)['license_key'] };
  };
  const approval = async (): Promise<string> => {
    await make('PUT', home('/signing-policy'), { approval: { enabled: true, approvers: [acme.ownerEmail] } });
    const asked = bodyOf(await app.ask('POST', `${Q1}/sign-digest`, { token: key, body: signing() }));
    return asked['error'].details.approval_id;
  };
  const sinkRows = (base: () => string, of: string): Readonly<Record<string, () => Promise<Call>>> => {
    const one = async (): Promise<string> => `${base()}/siem-sinks/${(await sink(base()))['id']}`;
    return {
      [`create${of}`]: async () => operator('POST', `${base()}/siem-sinks`, { name: 'Collector', kind: 'ocsf-http', url: collector.url }),
      [`change${of}`]: async () => operator('PATCH', await one(), { name: 'other' }),
      [`pause${of}`]: async () => operator('POST', `${await one()}/pause`),
      [`resume${of}`]: async () => {
        const path = await one();
        await make('POST', `${path}/pause`);
        return operator('POST', `${path}/resume`);
      },
      [`test${of}`]: async () => operator('POST', `${await one()}/test`),
      [`delete${of}`]: async () => operator('DELETE', await one()),
    };
  };

  /** Each makes what it needs, and says what is then asked. */
  const ROWS: Readonly<Record<string, Readonly<Record<string, () => Promise<Call>>>>> = {
    platform: {
      createTenant: async () => operator('POST', `${V1}/tenants`, { slug: 'new-one', name: 'New', owner: { email: 'owner@new-one.example', password: OWNER_PASSWORD } }),
      setPlan: async () => operator('PUT', home('/plans/qwick-cert'), { plan: 'enterprise', limits: { concurrency: 16 } }),
      addMember: async () => operator('POST', home('/members'), { email: 'added@acme.example', password: OWNER_PASSWORD, role: 'viewer' }),
      changeRole: async () => operator('PATCH', home(`/members/${(await member('changed'))['user_id']}`), { role: 'signer' }),
      removeMember: async () => operator('DELETE', home(`/members/${(await member('removed'))['user_id']}`)),
      createInvitation: async () => operator('POST', home('/invitations'), { email: 'asked@new.example', role: 'viewer' }),
      revokeInvitation: async () => operator('DELETE', home(`/invitations/${(await invite('unasked'))['id']}`)),
      acceptInvitation: async () => {
        await invite('joining');
        return { method: 'POST', path: `${V1}/invitations/accept`, body: { token: await codeOf('joining@new.example'), password: OWNER_PASSWORD } };
      },
      requestPasswordReset: async () => {
        await member('forgetful');
        return { method: 'POST', path: `${V1}/password-resets`, body: { email: 'forgetful@acme.example' } };
      },
      confirmPasswordReset: async () => {
        await member('resetting');
        await make('POST', `${V1}/password-resets`, { email: 'resetting@acme.example' }, '');
        return { method: 'POST', path: `${V1}/password-resets/confirm`, body: { token: await codeOf('resetting@acme.example'), password: `${OWNER_PASSWORD} 2` } };
      },
      proposeTotp: async () => {
        await member('proposing');
        return { method: 'POST', path: `${V1}/me/totp`, token: (await session('proposing'))['access_token'] };
      },
      confirmTotp: async () => {
        await member('confirming');
        const { access_token: token } = await session('confirming');
        const { secret } = await make('POST', `${V1}/me/totp`, undefined, token);
        return { method: 'POST', path: `${V1}/me/totp/confirm`, token, body: { code: totpOf(secret) } };
      },
      disableTotp: async () => {
        await member('disabling');
        const { access_token: token } = await session('disabling');
        const { secret } = await make('POST', `${V1}/me/totp`, undefined, token);
        const { recovery_codes: [code] } = await make('POST', `${V1}/me/totp/confirm`, { code: totpOf(secret) }, token);
        return { method: 'DELETE', path: `${V1}/me/totp`, token, body: { code } };
      },
      createCredential: async () => operator('POST', home('/credentials'), { surface: 'qwick-cert', name: 'made', permissions: ['sign'] }),
      revokeCredential: async () => operator('DELETE', home(`/credentials/${(await make('POST', home('/credentials'), { surface: 'qwick-cert', name: 'gone', permissions: ['sign'] }))['id']}`)),
      signIn: async () => ({ method: 'POST', path: `${V1}/sessions`, body: { email: acme.ownerEmail, password: OWNER_PASSWORD } }),
      refreshSession: async () => {
        await member('refreshing');
        return { method: 'POST', path: `${V1}/sessions/refresh`, body: { refresh_token: (await session('refreshing'))['refresh_token'] } };
      },
      signOut: async () => {
        await member('leaving');
        return { method: 'DELETE', path: `${V1}/sessions/current`, token: (await session('leaving'))['access_token'] };
      },
      approveSigning: async () => operator('POST', home(`/approvals/${await approval()}/approve`)),
      rejectSigning: async () => ({ ...operator('POST', home(`/approvals/${await approval()}/reject`)), token: await (async () => {
        await make('POST', home('/members'), { email: 'admin@acme.example', password: OWNER_PASSWORD, role: 'admin' });
        return String((await session('admin'))['access_token']);
      })() }),
      setSigningPolicy: async () => operator('PUT', home('/signing-policy'), { approval: { enabled: false, approvers: [acme.ownerEmail] } }),
      trySigningPolicy: async () => operator('POST', home('/signing-policy/what-if'), { policy: { lockdown: true }, days: 1 }),
      revokeSigningCertificate: async () => {
        const { data } = await make('POST', `${Q1}/sign-digest`, signing(), key);
        const { serialNumber } = new X509Certificate(Buffer.from(data.certificate_chain[0], 'base64'));
        return operator('POST', home(`/signing-certificates/${serialNumber}/revoke`), { reason: 'superseded' });
      },
      createKmsKey: async () => operator('POST', home('/kms-keys'), { key_id: 'made', algorithm: 'ED25519' }),
      rotateKmsKey: async () => operator('POST', home(`/kms-keys/${await kmsKey()}/rotate`)),
      retireKmsKeyVersion: async () => {
        const id = await kmsKey();
        await make('POST', home(`/kms-keys/${id}/rotate`));
        return operator('POST', home(`/kms-keys/${id}/versions/1/retire`));
      },
      rotateLicenceSigningKeys: async () => operator('POST', home('/licence-signing-keys/rotate'), { algorithm: 'Ed25519' }),
      ...sinkRows(() => home(''), 'SiemSink'),
      ...sinkRows(() => V1, 'InstallationSiemSink'),
      createWebhook: async () => operator('POST', home('/webhooks'), { url: receiver.url }),
      changeWebhook: async () => operator('PATCH', home(`/webhooks/${(await webhook())['id']}`), { description: 'changed', enabled: false }),
      deleteWebhook: async () => operator('DELETE', home(`/webhooks/${(await webhook())['id']}`)),
      rotateWebhookSecret: async () => operator('POST', home(`/webhooks/${(await webhook())['id']}/rotate-secret`), { overlap_seconds: 60 }),
      testWebhook: async () => operator('POST', home(`/webhooks/${(await webhook())['id']}/test`)),
      retryDelivery: async () => {
        const { id } = await webhook();
        await make('POST', home('/credentials'), { surface: 'quantum-lock', name: 'delivered' });
        const deliveries = async (): Promise<readonly Json[]> => (await make('GET', home(`/webhooks/${id}/deliveries`)))['items'];
        await seen(async () => (await deliveries()).length > 0);
        return operator('POST', home(`/webhooks/${id}/deliveries/${(await deliveries())[0]?.['id']}/retry`));
      },
      replayToWebhook: async () => operator('POST', home(`/webhooks/${(await webhook())['id']}/replay`), { from_position: '0' }),
      rebuildProjection: async () => operator('POST', `${V1}/projections/keys_kms_keys/rebuild`),
      startJob: async () => operator('POST', `${V1}/jobs`, { kind: 'rotate-tenant-key', tenant: 'acme' }),
    },
    'qwick-cert': {
      signDigest: async () => ({ method: 'POST', path: `${Q1}/sign-digest`, token: key, body: signing() }),
      reportSigningResult: async () => {
        const { data } = await make('POST', `${Q1}/sign-digest`, signing({ await_result: true }), key);
        return { method: 'POST', path: `${Q1}/signing-operations/${data.operation_id}/result?organization_slug=acme`, token: key, body: { status: 'completed' } };
      },
      createApiKey: async () => ({ method: 'POST', path: `${Q1}/apikeys?organization_slug=acme`, token: owner, body: { name: 'made', permissions: ['sign'] } }),
      revokeApiKey: async () => {
        const { data } = await make('POST', `${Q1}/apikeys?organization_slug=acme`, { name: 'gone', permissions: ['sign'] }, owner);
        return { method: 'POST', path: `${Q1}/apikeys/${data.id}/revoke?organization_slug=acme`, token: owner };
      },
      login: async () => ({ method: 'POST', path: `${Q1}/auth/login`, body: { email: acme.ownerEmail, password: OWNER_PASSWORD } }),
      refreshSession: async () => {
        await member('fresh');
        return { method: 'POST', path: `${Q1}/auth/refresh`, body: { refresh_token: (await session('fresh'))['refresh_token'] } };
      },
      exportSigningOperations: async () => ({ method: 'GET', path: `${Q1}/signing-operations/export?organization_slug=acme`, token: key }),
    },
    'quantum-lock': {
      generateLicense: async () => ({ method: 'POST', path: `${L1}/licenses/generate`, headers: { 'x-api-key': await lock('api-key') }, body: { end_customer_id: 'somebody' } }),
      validateLicense: async () => {
        const { headers, key: license_key } = await licence();
        return { method: 'POST', path: `${L1}/licenses/validate`, headers, body: { license_key, end_customer_id: 'somebody' } };
      },
      revokeLicense: async () => {
        const { headers, key: sold } = await licence();
        return { method: 'POST', path: `${L1}/licenses/${sold}/revoke`, headers, body: { reason: 'refund' } };
      },
      getOfflineLicense: async () => {
        const { headers, key: sold } = await licence();
        return { method: 'GET', path: `${L1}/licenses/${sold}/offline?algorithm=ML-DSA-65`, headers };
      },
      getRevocationBundle: async () => {
        const other = await createTenant(app, 'bundled');
        const { secret } = await make('POST', `${V1}/tenants/${other.slug}/credentials`, { surface: 'quantum-lock', name: 'first' });
        return { method: 'GET', path: `${L1}/revocations/bundle?algorithm=Ed25519`, headers: { 'x-api-key': secret } };
      },
      kmsSign: async () => ({ method: 'POST', path: `${L1}/kms/sign`, token: await lock('service'), body: { data: '', key_id: 'default', algorithm: 'ED25519' } }),
      kmsVerify: async () => ({ method: 'POST', path: `${L1}/kms/verify`, token: await lock('service'), body: { data: '', signature: '', key_id: await kmsKey(), algorithm: 'ED25519' } }),
    },
  };
  const rows = Object.entries(ROWS).flatMap(([surface, routes]) => Object.keys(routes).map((operationId) => `${surface} ${operationId}`));

  it('has a row for every route that writes', () => {
    const writing = servedSurfaces(app.program.container).flatMap(({ name, routes }) => routes.filter(({ method }) => method !== 'GET').map(({ operationId }) => `${name} ${operationId}`));
    expect(rows).to.have.members([...writing, ...WRITING_QUESTIONS]);
  });

  it('makes models late: what a question shows is not ready once its own process has written', async () => {
    const { answer } = await late.ask(async () => {
      await make('POST', home('/credentials'), { surface: 'quantum-lock', name: 'newer' });
      return app.ask('GET', home('/credentials'), { token: app.operatorToken });
    });
    expect([answer.status, bodyOf(answer)['code']]).to.deep.equal([503, 'storage.behind']);
  });

  for (const row of rows) {
    it(`answers ${row} from what it did`, async () => {
      const [surface = '', operationId = ''] = row.split(' ');
      const { method, path, ...options } = await (ROWS[surface]?.[operationId] ?? expect.fail())();
      await settle();
      const { answer, brought } = await late.ask(() => app.ask(method, path, options));
      expect(answer.status, answer.text).to.be.lessThan(300);
      if (NOTHING_IN_THE_LOG.has(row)) expect(await brought()).to.deep.equal([]);
      else if (LATER_IN_THE_LOG.has(row)) await seen(async () => (await brought()).length > 0);
      else expect(await brought()).to.not.deep.equal([]);
    });
  }

  /** What the preparation wrote is in the models, and nobody has a policy to obey. */
  const settle = async (): Promise<void> => {
    await make('PUT', home('/signing-policy'), {});
    const projections = resolve(app.program.container, storage.projections);
    const head = (await resolve(app.program.container, storage.log).head()) ?? expect.fail();
    await Promise.all((await projections.status()).map(({ name }) => projections.freshness.until(name, head)));
  };
});
