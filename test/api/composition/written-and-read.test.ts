/** What a write answers is made of what the command knows; what a question answers, of a read model. Both say the same, byte for byte. */
import { expect } from 'chai';
import { createHash } from 'node:crypto';
import { createCredential, createTenant, OWNER_PASSWORD, signIn, startApp, type App, type Tenant } from '../../support/app.ts';
import { startCollector } from '../../support/collector.ts';
import { startReceiver, type Receiver } from '../../support/receiver.ts';

type Json = Readonly<Record<string, any>>; // oxlint-disable-line typescript/no-explicit-any -- answers are looked into at many places

const bytes = (body: Json | undefined): string => JSON.stringify(body);

/** Of a SIEM sink: how far it is moves meanwhile. */
const essence = ({ position: _position, head: _head, lag: _lag, delivered: _delivered, last_delivered_at: _at, ...rest }: Json): Json => rest;

describe('what a write answers', function suite() {
  this.timeout(40_000);
  let app: App;
  let acme: Tenant;
  let receiver: Receiver;
  let collector: Awaited<ReturnType<typeof startCollector>>;
  before(async () => {
    [receiver, collector] = await Promise.all([startReceiver(), startCollector()]);
    app = await startApp({ env: { OUTBOUND_ALLOW: `${receiver.host},127.0.0.1:${collector.port}` } });
    acme = await createTenant(app, 'acme');
  });
  after(async () => {
    await app.close();
    await Promise.all([receiver.close(), collector.close()]);
  });

  const ask = async (method: string, path: string, body?: object, token = app.operatorToken): Promise<Json> => {
    const answer = await app.ask(method, `/platform/v1/tenants/acme${path}`, { token, body });
    expect(answer.status, `${method} ${path}: ${answer.text}`).to.be.lessThan(300);
    return answer.json() as Json;
  };
  const same = async (written: Json, path: string): Promise<void> => {
    expect(bytes(await ask('GET', path))).to.equal(bytes(written));
  };
  /** In the list. */
  const listed = async (written: Json, path: string, by: string): Promise<void> => {
    const items = (await ask('GET', path))['items'] as readonly Json[];
    expect(bytes(items.find((item) => item[by] === written[by]))).to.equal(bytes(written));
  };

  it('of a webhook is what its questions answer, except the secret', async () => {
    const { secret, ...made } = await ask('POST', '/webhooks', { url: `${receiver.url}/one`, types: ['chancery.signing.operation.completed'], description: 'One', content_type: 'application/cloudevents+json' });
    expect(secret).to.match(/^whsec_/u);
    const path = `/webhooks/${made['id']}`;
    await same(made, path);
    await listed(made, '/webhooks', 'id');
    const disabled = await ask('PATCH', path, { enabled: false, url: `${receiver.url}/two`, types: null });
    expect(disabled).to.deep.include({ status: 'disabled', disabled_reason: 'asked', url: `${receiver.url}/two`, types: null, created_at: made['created_at'] });
    await same(disabled, path);
    await ask('POST', `${path}/rotate-secret`, { overlap_seconds: 60 });
    const enabled = await ask('PATCH', path, { enabled: true });
    expect(enabled['rotated_at']).to.be.a('string');
    expect(enabled['previous_until']).to.be.a('string');
    await same(enabled, path);
    await ask('PATCH', path, { enabled: false });
    const unchanged = await ask('PATCH', path, {});
    await same(unchanged, path);
  });

  it('of a KMS key is what the list answers', async () => {
    const made = await ask('POST', '/kms-keys', { key_id: 'releases', algorithm: 'ML-DSA-65' });
    await listed(made, '/kms-keys', 'key_id');
    const rotated = await ask('POST', '/kms-keys/releases/rotate');
    expect(rotated['versions'].map(({ version, status }: Json) => [version, status])).to.deep.equal([[2, 'signing'], [1, 'verifying']]);
    await listed(rotated, '/kms-keys', 'key_id');
    const retired = await ask('POST', '/kms-keys/releases/versions/1/retire');
    expect(retired['versions'][1]).to.deep.include({ version: 1, status: 'retired' });
    await listed(retired, '/kms-keys', 'key_id');
    await listed(await ask('POST', '/kms-keys/releases/rotate'), '/kms-keys', 'key_id');
    await listed(await ask('POST', '/kms-keys', { key_id: 'theirs', algorithm: 'ED25519', public_key: 'O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik' }), '/kms-keys', 'key_id');
  });

  it('of licence-signing keys is what the question answers', async () => {
    await same(await ask('POST', '/licence-signing-keys/rotate', {}), '/licence-signing-keys');
    await same(await ask('POST', '/licence-signing-keys/rotate', { algorithm: 'Ed25519' }), '/licence-signing-keys');
  });

  it('of a decision is what the queue answers', async () => {
    const { secret } = await createCredential(app, acme);
    await ask('POST', '/members', { email: 'boss@acme.example', password: OWNER_PASSWORD, role: 'admin' });
    const boss = await signIn(app, acme, 'boss@acme.example');
    const policy = await ask('PUT', '/signing-policy', { approval: { enabled: true, approvers: ['boss@acme.example'] } });
    await same(policy, '/signing-policy');
    const pending = async (name: string): Promise<string> => {
      const digest = createHash('sha256').update(name).digest('base64');
      const body = { digest, algorithm: 'sha256', file_name: 'a.exe', file_size: 1, organization_slug: 'acme', reason: name };
      const answer = await app.ask('POST', '/qwick-cert/api/v1/sign-digest', { token: secret, body });
      return (answer.json() as Json)['error'].details.approval_id;
    };
    for (const [verb, token, by] of [['approve', boss, 'boss@acme.example'], ['reject', app.operatorToken, null]] as const) {
      const decided = await ask('POST', `/approvals/${await pending(verb)}/${verb}`, undefined, token);
      expect(decided['approver_email']).to.equal(by);
      await listed(decided, '/approvals', 'id');
    }
    await ask('PUT', '/signing-policy', {});
  });

  it('of a member is what the list answers', async () => {
    const added = await ask('POST', '/members', { email: 'new@acme.example', password: OWNER_PASSWORD, role: 'viewer' });
    await listed(added, '/members', 'user_id');
    await listed(await ask('PATCH', `/members/${added['user_id']}`, { role: 'signer' }), '/members', 'user_id');
  });

  it('of a SIEM sink is what the question answers, apart from how far it is', async () => {
    const made = await ask('POST', '/siem-sinks', { name: 'Security', kind: 'ocsf-http', url: collector.url, bearer_token: 'a token of theirs' });
    const path = `/siem-sinks/${made['id']}`;
    const paused = await ask('POST', `${path}/pause`);
    const changed = await ask('PATCH', path, { name: 'Other', url: `${collector.url}/two`, bearer_token: 'another' });
    expect(changed).to.deep.include({ name: 'Other', status: 'paused', created_at: made['created_at'], id: paused['id'] });
    expect(bytes(essence(await ask('GET', path)))).to.equal(bytes(essence(changed)));
  });
});
