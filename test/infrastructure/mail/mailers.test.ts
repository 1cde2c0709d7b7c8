import { expect } from 'chai';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import PostalMime from 'postal-mime';
import type { Mail } from '../../../application/kernel/mailer.ts';
import { createOutboxMailer } from '../../../infrastructure/mail/outbox-mailer.ts';
import { senderAddress } from '../../../infrastructure/mail/sender-address.ts';
import { createSmtpMailer, type SmtpTimes } from '../../../infrastructure/mail/smtp-mailer.ts';
import { rejection } from '../../support/rejections.ts';
import { smtpError, startSmtp } from '../../support/smtp.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';

const FROM = 'ca@chancery.example';
const mail = (over: Partial<Mail> = {}): Mail => ({
  id: '019aa5c4-6f00-7000-8000-000000000001', to: 'dan@acme.example', subject: 'You are invited to Ärzte & Söhne', text: 'Hello\n\nhttp://x/?token=a\n', html: '<p>Hello</p>', ...over,
});
const at = (port: number, over: object = {}, times?: SmtpTimes) => createSmtpMailer({ host: '127.0.0.1', port, secure: false, requireTls: false, from: FROM, ...over }, times);
/** For what is never answered. */
const inHaste = (port: number) => at(port, {}, { connectMs: 300, greetingMs: 300, silenceMs: 300, totalMs: 1_000 });

describe('mail over SMTP', () => {
  it('arrives as it was written, from one sender to one address', async () => {
    const server = await startSmtp();
    await at(server.port).send(mail());
    const [{ from, to, email, raw } = expect.fail('nothing came')] = server.taken;
    expect([from, to]).to.deep.equal([FROM, ['dan@acme.example']]);
    expect(email).to.deep.include({ subject: 'You are invited to Ärzte & Söhne', messageId: '<019aa5c4-6f00-7000-8000-000000000001@chancery.example>' });
    expect([email.text?.trim(), email.html?.trim(), email.to?.map(({ address }) => address)]).to.deep.equal(['Hello\n\nhttp://x/?token=a', '<p>Hello</p>', ['dan@acme.example']]);
    expect(raw).to.match(/^Auto-Submitted: auto-generated\r$/mu);
    await server.close();
  });

  const faults: readonly (readonly [string, Parameters<typeof startSmtp>[0], object])[] = [
    ['refuses the address', { onRcptTo: (_address, _session, done) => done(smtpError(550, 'dan@acme.example is unknown')) }, { code: 'mail.refused', details: { status: 550 } }],
    ['refuses the mail', { onData: (stream, _session, done) => { stream.resume().on('end', () => done(smtpError(554))); } }, { code: 'mail.refused', details: { status: 554 } }],
    ['has no time for the address', { onRcptTo: (_address, _session, done) => done(smtpError(451)) }, { code: 'mail.unavailable', details: { status: 451 } }],
    ['has no time for anybody', { onConnect: (_session, done) => done(smtpError(421)) }, { code: 'mail.unavailable', details: { status: 421 } }],
    ['wants a sign-in first', { disabledCommands: ['STARTTLS'], authOptional: false }, { code: 'mail.unavailable', details: { status: 530 } }],
    ['falls silent', { onRcptTo: () => undefined }, { code: 'mail.unavailable', details: {} }],
  ];
  for (const [what, options, expected] of faults) {
    it(`to a server that ${what}: ${JSON.stringify(expected)}, and none of its words`, async () => {
      const server = await startSmtp(options);
      const mailer = what === 'falls silent' ? inHaste(server.port) : at(server.port);
      expect(await rejection(mailer.send(mail()))).to.deep.equal(expected);
      expect(server.taken).to.deep.equal([]);
      await server.close();
    });
  }

  it('to a server that is down, or speaks no SMTP, may go another time', async () => {
    const server = await startSmtp();
    await server.close();
    expect(await rejection(at(server.port).send(mail()))).to.deep.equal({ code: 'mail.unavailable', details: {} });
    const mute = createServer();
    await new Promise<void>((resolve) => { mute.listen(0, '127.0.0.1', resolve); });
    expect((await rejection(inHaste((mute.address() as AddressInfo).port).send(mail()))).code).to.equal('mail.unavailable');
    mute.close();
  });

  it('with a wrong password is the operator\'s to mend, and without TLS none is sent', async () => {
    const seen: string[] = [];
    const wrong = await startSmtp({ disabledCommands: ['STARTTLS'], allowInsecureAuth: true, onAuth: ({ username }, _session, done) => { seen.push(String(username)); done(smtpError(535)); } });
    expect(await rejection(at(wrong.port, { user: 'u', password: 'p' }).send(mail()))).to.deep.equal({ code: 'mail.unavailable', details: { status: 535 } });
    const before = seen.length;
    expect((await rejection(at(wrong.port, { user: 'u', password: 'p', requireTls: true }).send(mail()))).code).to.equal('mail.unavailable');
    expect([before > 0, seen.length]).to.deep.equal([true, before]);
    await wrong.close();
  });

  it('is never sent to what is no single address, nor with more headers than it has', async () => {
    const server = await startSmtp();
    for (const to of ['a@b.example, c@d.example', 'a@b.example\r\nBcc: c@d.example', '<a@b.example>', 'nobody', '"x" <a@b.example>', 'a@b.example;c@d.example', 'a@b.example\0']) {
      expect((await rejection(at(server.port).send(mail({ to })))).code, JSON.stringify(to)).to.equal('mail.refused');
    }
    expect((await rejection(at(server.port).send(mail({ subject: 'x\r\nBcc: c@d.example' })))).code).to.equal('mail.refused');
    await at(server.port).send(mail({ subject: '=?utf-8?Q?x=0D=0ABcc:_c@d.example?=\u2028y', text: '.\r\n.\r\nQUIT\r\n' }));
    expect(server.taken).to.have.length(1);
    expect(server.taken[0]?.to).to.deep.equal(['dan@acme.example']);
    expect(server.taken[0]?.raw.split('\r\n\r\n')[0]).not.to.match(/^bcc:/imu);
    await server.close();
  });
});

describe('mail without a server', () => {
  let directory: TemporaryDirectory;
  beforeEach(() => { directory = temporaryDirectory(); });
  afterEach(() => directory.remove());

  it('is one file for each, whole, for its owner alone', async () => {
    const outbox = join(directory.path, 'outbox');
    const mailer = createOutboxMailer({ directory: outbox, from: 'no-reply@[127.0.0.1]' });
    await mailer.send(mail());
    await mailer.send(mail());
    expect(readdirSync(outbox)).to.deep.equal(['019aa5c4-6f00-7000-8000-000000000001.eml']);
    const file = join(outbox, '019aa5c4-6f00-7000-8000-000000000001.eml');
    expect([statSync(file).mode & 0o777, statSync(outbox).mode & 0o777]).to.deep.equal([0o600, 0o700]);
    const email = await PostalMime.parse(readFileSync(file));
    expect([email.subject, email.from?.address, email.to?.[0]?.address]).to.deep.equal(['You are invited to Ärzte & Söhne', 'no-reply@[127.0.0.1]', 'dan@acme.example']);
  });

  it('leaves nothing behind when it cannot be written, and no way out of the directory', async () => {
    const outbox = join(directory.path, 'outbox');
    writeFileSync(outbox, '');
    const mailer = createOutboxMailer({ directory: outbox, from: FROM });
    expect(await mailer.send(mail()).then(() => 'sent', ({ code }: { code: string }) => code)).to.equal('EEXIST');
    const free = join(directory.path, 'free');
    mkdirSync(free);
    expect((await rejection(createOutboxMailer({ directory: free, from: FROM }).send(mail({ id: '../x' })))).code).to.equal('mail.refused');
    expect([readdirSync(free), readdirSync(directory.path).toSorted()]).to.deep.equal([[], ['free', 'outbox']]);
  });

  it('is from where the program is reached', () => {
    expect(['https://ca.example.com', 'http://127.0.0.1:8080', 'http://[::1]:8080'].map(senderAddress)).to.deep.equal(['no-reply@ca.example.com', 'no-reply@[127.0.0.1]', 'no-reply@[IPv6:::1]']);
  });
});
