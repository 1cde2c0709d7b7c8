/** The whole program with SIGNING_BACKEND=azure: what a client is answered, and where Azure's secrets must not turn up. */
import { expect } from 'chai';
import { X509Certificate } from 'node:crypto';
import { verifyAuthenticode } from '../../../infrastructure/pki/authenticode-verify.ts';
import { systemClock } from '../../../infrastructure/runtime/clock.ts';
import { createCredential, createTenant, startApp, type Answer, type App, type Tenant } from '../../support/app.ts';
import { asSigningCertificate, CLIENT_SECRET, echo, json, signDigest, startAzure, type AzureServer, type Fault } from '../../support/azure.ts';
import { signerFamily, type SignerFamily } from '../../support/signers.ts';

const DIGEST = 'n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=';

type Signed = Readonly<{ data: Readonly<{ signature: string; certificate_chain: readonly string[]; timestamp: string }> }>;
type Refused = Readonly<{ error: Readonly<{ code: string; details: object }> }>;

describe('POST /sign-digest with SIGNING_BACKEND=azure', function suite() {
  this.timeout(30_000);
  let family: SignerFamily;
  let azure: AzureServer;
  let app: App;
  let acme: Tenant;
  let key: string;

  before(async () => {
    family = await signerFamily(systemClock.now());
    azure = await startAzure(family.leaf);
    const { settings } = azure;
    app = await startApp({
      env: {
        SIGNING_BACKEND: 'azure', AZURE_SIGNING_ENDPOINT: settings.endpoint, AZURE_SIGNING_ACCOUNT: settings.account, AZURE_SIGNING_PROFILE: settings.profile,
        AZURE_TENANT_ID: settings.tenantId, AZURE_CLIENT_ID: settings.clientId, AZURE_CLIENT_SECRET: settings.clientSecret, AZURE_AUTHORITY: settings.authority,
      },
    });
    acme = await createTenant(app, 'acme');
    key = (await createCredential(app, acme)).secret;
  });
  after(async () => {
    await app.close();
    azure.close();
  });

  const sign = async (): Promise<Answer> =>
    app.ask('POST', '/qwick-cert/api/v1/sign-digest', {
      token: key, body: { digest: DIGEST, algorithm: 'sha256', file_name: 'MyApp.exe', file_size: 1, organization_slug: acme.slug },
    });
  /** Azure may be done at once, which spares the wait for a poll. */
  const atOnce: Fault = (reply, { body }) => {
    const digest = Buffer.from((JSON.parse(body) as { digest: string }).digest, 'base64');
    json(reply, 200, { operationId: 'op', status: 'Succeeded', signature: signDigest(family.leaf, digest).toString('base64'), signingCertificate: asSigningCertificate(family.leaf.chain) });
  };

  it("answers with Azure's certificates and the installation's own timestamp", async () => {
    azure.faults.submit.push(atOnce);
    const answer = await sign();
    expect(answer.status, answer.text).to.equal(200);
    const { data } = answer.json() as Signed;
    const tsa = (await app.ask('GET', '/qwick-cert/pki/root.pem')).text;
    const { digest, signer } = verifyAuthenticode(Buffer.from(data.signature, 'base64'), { roots: family.roots, timestampRoots: [new X509Certificate(tsa)] });
    expect(digest.toString('base64')).to.equal(DIGEST);
    expect(data.certificate_chain).to.deep.equal(family.leaf.chain.map((der) => Buffer.from(der).toString('base64')));
    expect(data.certificate_chain[0]).to.equal(signer.raw.toString('base64'));
  });

  const refusals: readonly (readonly [what: string, at: 'submit' | 'token', fault: Fault, status: number, code: string, retryAfter: string | null])[] = [
    ['a credential that is refused', 'token', echo(401), 503, 'QWICK_SIGN_102', '3'],
    ['a role that is not there yet', 'submit', echo(403), 503, 'QWICK_SIGN_102', '3'],
    ['an error', 'submit', echo(400), 502, 'QWICK_SIGN_103', null],
    ['too many requests', 'submit', echo(429, { 'retry-after': '120' }), 502, 'QWICK_SIGN_104', '120'],
  ];
  for (const [what, at, fault, status, code, retryAfter] of refusals) {
    it(`answers ${code} for ${what}`, async () => {
      if (at === 'token') {
        azure.revokeTokens();
        azure.faults.token.push(fault);
      } else azure.faults.submit.push(fault);
      const answer = await sign();
      expect([answer.status, (answer.json() as Refused).error.code, answer.headers.get('retry-after')]).to.deep.equal([status, code, retryAfter]);
      for (const secret of azure.secrets) expect(answer.text).to.not.contain(secret);
    });
  }

  it('leaves no secret of Azure in the events or anything else that is stored', async () => {
    const stored = await app.stored();
    expect(stored.size).to.be.greaterThan(2);
    for (const [name, text] of stored) {
      for (const secret of azure.secrets) expect(text.includes(secret), name).to.equal(false);
    }
    expect(azure.calls.some(({ body }) => body.includes(CLIENT_SECRET)), 'it was sent where it belongs').to.equal(true);
  });
});
