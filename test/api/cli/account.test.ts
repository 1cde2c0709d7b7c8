/** A second factor from the command line, as its owner would go about it, over the whole program. */
import { expect } from 'chai';
import { decodeJwt } from 'jose';
import { Secret, TOTP } from 'otpauth';
import { createTenant, OWNER_PASSWORD, startApp, type App, type Tenant } from '../../support/app.ts';
import { runCommand } from '../../support/cli.ts';

describe('chancery account and session', () => {
  let app: App;
  let acme: Tenant;
  const clock = { time: Date.parse('2026-03-09T15:00:00.000Z'), now: () => clock.time };
  before(async () => {
    app = await startApp({ clock });
    acme = await createTenant(app, 'acme');
  });
  after(() => app.close());

  const run = (args: readonly string[], over: Readonly<Record<string, string>> = {}) =>
    runCommand(args, { CHANCERY_URL: app.url, CHANCERY_EMAIL: acme.ownerEmail, CHANCERY_PASSWORD: OWNER_PASSWORD, ...over });
  const codeOf = (secret: string): string => {
    clock.time += 30_000;
    return TOTP.generate({ secret: Secret.fromBase32(secret), timestamp: clock.time });
  };

  it('enrol an authenticator app, sign in with it, and give it up', async () => {
    const enrolled = await run(['account', 'totp', 'enrol']);
    expect(enrolled.code, enrolled.err).to.equal(0);
    const secret = /^secret {2}([A-Z2-7]{32})$/mu.exec(enrolled.out)?.[1] ?? '';
    expect(enrolled.out).to.include(`uri     otpauth://totp/`).and.include(`secret=${secret}`);

    const wrong = await run(['account', 'totp', 'confirm', '--code', '000000']);
    expect([wrong.code, wrong.out]).to.deep.equal([1, '']);
    expect(wrong.err).to.include('tenancy.totp_invalid');
    const confirmed = await run(['account', 'totp', 'confirm', '--code', codeOf(secret), '--json']);
    const { recovery_codes: recovery } = JSON.parse(confirmed.out) as { recovery_codes: string[] };
    expect(recovery).to.have.length(10);

    const without = await run(['session', 'create']);
    expect([without.code, without.err.includes('--totp')]).to.deep.equal([1, true]);
    const session = await run(['session', 'create', '--token-only'], { CHANCERY_TOTP: codeOf(secret) });
    expect([session.code, decodeJwt(session.out.trim())['amr']]).to.deep.equal([0, ['pwd', 'otp']]);

    const disabled = await run(['account', 'totp', 'disable', '--totp', codeOf(secret), '--code', recovery[0] ?? '']);
    expect([disabled.code, disabled.out.trim()]).to.deep.equal([0, 'The second factor is given up.']);
    expect((await run(['session', 'create', '--json'])).code).to.equal(0);
  });

  it('say what is missing, and never the password', async () => {
    const nobody = await run(['account', 'totp', 'enrol'], { CHANCERY_EMAIL: '' });
    expect([nobody.code, nobody.err]).to.deep.equal([1, 'chancery: CHANCERY_EMAIL is not set: CHANCERY_EMAIL and CHANCERY_PASSWORD say who signs in']);
    const wrong = await run(['session', 'create'], { CHANCERY_PASSWORD: 'canary-password' });
    expect([wrong.code, wrong.err.includes('tenancy.credentials_invalid'), `${wrong.out}${wrong.err}`.includes('canary')]).to.deep.equal([1, true, false]);
    expect((await run(['account', 'totp', 'enrol'], { CHANCERY_URL: 'http://127.0.0.1:9' })).err).to.match(/no Chancery answers/u);
    expect((await run(['account', 'totp', 'confirm'])).code).to.equal(2);
  });
});
