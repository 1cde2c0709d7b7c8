/** A certificate that is still being made: the request waits for it, and is asked to come back when that takes too long. */
import { expect } from 'chai';
import { createBuiltInTimestamps } from '../../../infrastructure/signing/built-in-timestamps.ts';
import { createLocalSigningBackend } from '../../../infrastructure/signing/local-backend.ts';
import { createGround, type Ground } from '../../support/authorities.ts';
import { START, startProgram, type Program } from './program.ts';

describe('signing while the certificate is being made', function suite() {
  this.timeout(30_000);
  let program: Program;
  let ground: Ground;

  before(async () => {
    [program, ground] = await Promise.all([startProgram(), createGround(START)]);
    await ground.start().ensureInstallation();
  });
  after(async () => {
    await program.close();
    await ground.close();
  });

  it('is 503 QWICK_SIGN_102 with Retry-After: 3, and 200 once it is there; what was refused does not count', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const pki = { ...ground.pki, generateKeys: async (algorithm: Parameters<typeof ground.pki.generateKeys>[0]) => promise.then(async () => ground.pki.generateKeys(algorithm)) };
    const authorities = ground.start({ pki, provisioningWaitMs: 30 });
    const backend = createLocalSigningBackend({ authorities, timestamps: createBuiltInTimestamps(authorities, ground.clock) });
    program.knobs.sign = (...given) => backend.sign(...given);
    const acme = await program.organization('free');
    const { secret } = await program.key(acme);
    const body = { digest: `${'A'.repeat(43)}=`, algorithm: 'sha256', file_name: 'a.exe', file_size: 1, organization_slug: acme.slug };
    const sign = () => program.ask('POST', '/qwick-cert/api/v1/sign-digest', { as: secret, body });

    const early = await sign();
    expect([early.status, early.json.error.code, early.headers.get('retry-after'), early.json.error.details]).to.deep.equal([503, 'QWICK_SIGN_102', '3', { retry_after: 3 }]);
    resolve();
    await authorities.idle();
    const late = await sign();
    expect(late.status).to.equal(200);
    expect(late.json.data.certificate_chain).to.have.length(3);

    const path = (rest: string) => `/qwick-cert/api/v1/${rest}?organization_slug=${acme.slug}`;
    const { json } = await program.ask('GET', path('signing-operations'), { as: secret });
    expect(json.data.items.map(({ status }: { status: string }) => status)).to.have.members(['failed', 'completed']);
    const summary = await program.ask('GET', path('billing/summary'), { as: await program.session(acme) });
    expect(summary.json.data.usage.signing_operations_this_period).to.equal(1);
  });
});
