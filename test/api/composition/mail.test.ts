/** Mail from the whole program: to a real SMTP server, over its bad hours and over a restart, and into the outbox where there is none. */
import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import PostalMime from 'postal-mime';
import { freePort } from '../../../scripts/engines-support/free-port.ts';
import { createTenant, OWNER_PASSWORD, startApp, type App } from '../../support/app.ts';
import { smtpError, startSmtp } from '../../support/smtp.ts';

/** Asks again until it is so. */
const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await holds())) await pause(20);
};

const invite = async (app: App, email: string): Promise<string> => {
  const { status, text, json } = await app.ask('POST', '/platform/v1/tenants/acme/invitations', { token: app.operatorToken, body: { email, role: 'signer' } });
  expect(status, text).to.equal(201);
  return (json() as { id: string }).id;
};
const mailOf = async (app: App, id: string) =>
  ((await app.ask('GET', `/platform/v1/tenants/acme/invitations/${id}`, { token: app.operatorToken })).json() as { mail: { status: string; reason: string | null } }).mail;

describe('mail from the whole program', function suite() {
  this.timeout(30_000);

  it('reaches a server that was down, over a restart, and leads to a session', async () => {
    const clock = { ahead: 0, now: () => Math.floor(performance.timeOrigin + performance.now() + clock.ahead) };
    const port = await freePort();
    const app = await startApp({ env: { SMTP_URL: `smtp://127.0.0.1:${port}/?from=ca@chancery.example`, PUBLIC_URL: 'https://ca.example.com' }, clock });
    await createTenant(app, 'acme');
    const id = await invite(app, 'dan@dan.example');
    expect((await mailOf(app, id)).status).to.equal('queued');
    await app.restart();
    const server = await startSmtp({}, port);
    clock.ahead += 200_000;
    await until(() => server.taken.length > 0);
    const [{ from, to, email } = expect.fail()] = server.taken;
    expect([from, to, email.messageId]).to.deep.equal(['ca@chancery.example', ['dan@dan.example'], `<${id}@chancery.example>`]);
    await until(async () => (await mailOf(app, id)).status === 'sent');

    const token = /https:\/\/ca\.example\.com\/\S+\?token=(\S+)/u.exec(email.text ?? '')?.[1];
    const joined = await app.ask('POST', '/platform/v1/invitations/accept', { body: { token, password: OWNER_PASSWORD } });
    expect(joined.status, joined.text).to.equal(201);
    expect((await app.ask('POST', '/platform/v1/sessions', { body: { email: 'dan@dan.example', password: OWNER_PASSWORD } })).status).to.equal(201);
    expect(server.taken).to.have.length(1);
    await app.close();
    await server.close();
  });

  it('that is refused for good says so, and keeps nobody else waiting', async () => {
    const server = await startSmtp({ onRcptTo: ({ address }, _session, done) => (address.startsWith('no') ? done(smtpError(550)) : address.startsWith('later') ? done(smtpError(451)) : done()) });
    const app = await startApp({ env: { SMTP_URL: `smtp://127.0.0.1:${server.port}` } });
    await createTenant(app, 'acme');
    const [no, later, yes] = [await invite(app, 'no@x.example'), await invite(app, 'later@x.example'), await invite(app, 'yes@x.example')];
    await until(async () => (await mailOf(app, yes)).status === 'sent' && (await mailOf(app, no)).status === 'failed');
    expect(await mailOf(app, no)).to.include({ status: 'failed', reason: 'refused' });
    expect((await mailOf(app, later)).status).to.equal('queued');
    const gauge = async (name: string): Promise<number> => {
      const { text } = await app.ask('GET', '/metrics', { token: app.operatorToken });
      return Number(new RegExp(`^chancery_${name} (\\S+)$`, 'mu').exec(text)?.[1]);
    };
    await until(async () => (await gauge('mails_waiting')) === 1);
    expect(await gauge('mail_waiting_seconds')).to.be.greaterThan(0).and.lessThan(30);
    await app.close();
    await server.close();
  });

  it('lies in the outbox, for its owner alone, where there is no server', async () => {
    const app = await startApp();
    const tenant = await createTenant(app, 'acme');
    await app.ask('POST', '/platform/v1/password-resets', { body: { email: tenant.ownerEmail } });
    const outbox = join(app.dataDir, 'outbox');
    const files = (): readonly string[] => { try { return readdirSync(outbox).filter((name) => name.endsWith('.eml')); } catch { return []; } };
    await until(() => files().length > 0);
    const email = await PostalMime.parse(readFileSync(join(outbox, files()[0] ?? '')));
    const token = /\?token=(\S+)/u.exec(email.text ?? '')?.[1];
    const confirmed = await app.ask('POST', '/platform/v1/password-resets/confirm', { body: { token, password: `${OWNER_PASSWORD} anew` } });
    expect(confirmed.status, confirmed.text).to.equal(204);
    await app.close();
  });
});
