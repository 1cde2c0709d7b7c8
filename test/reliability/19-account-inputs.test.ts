/**
 * Promise 19, its part on accounts: what people type becomes no header of a mail, no markup of a page, no second recipient and no line of a log.
 * Published naughty strings, and those that are known to break mail.
 */
import { expect } from 'chai';
import { createTransport } from 'nodemailer';
import PostalMime, { type Email } from 'postal-mime';
import type { Mail } from '../../application/kernel/mailer.ts';
import { invitationLetter, resetLetter, type Letter } from '../../application/tenancy/letters.ts';
import { messageOf } from '../../infrastructure/mail/message.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import { collectMail } from '../support/mails.ts';
import { startPlatform, type Platform } from '../api/platform/program.ts';
import { NAUGHTY } from './mutants.ts';

const BREAKS: readonly string[] = [
  'x\r\nBcc: eve@evil.example', 'x\nBcc: eve@evil.example', 'x\rBcc: eve@evil.example', 'x\r\n\r\n<h1>body</h1>', 'x\u2028Bcc: eve@evil.example', 'x\u0085Bcc: eve@evil.example', '%0d%0aBcc: eve@evil.example',
  '=?utf-8?Q?x=0D=0ABcc:_eve@evil.example?=', '=?utf-8?B?DQpCY2M6IGV2ZUBldmlsLmV4YW1wbGU=?=', '"><script>alert(1)</script>', "' onmouseover='x", '\u202Egnp.exe', '\0', 'x'.repeat(2_000), '.\r\nQUIT', '--boundary--', '\uFEFFx', '{{constructor}}', '${1}',
];
const INPUTS = [...new Set([...BREAKS, ...NAUGHTY.filter((_, index) => index % 2 === 0)])].map((input) => input.toWellFormed());
const LINK = 'http://x.example/console/invitation?token=cinv_0a';
const FROM = 'ca@chancery.example';
const HEADERS = ['from', 'to', 'subject', 'message-id', 'date', 'mime-version', 'content-type', 'auto-submitted', 'x-auto-response-suppress'];

const composer = createTransport({ streamTransport: true, buffer: true, newline: 'windows' });
const compose = async (mail: Mail): Promise<Buffer> => (await composer.sendMail(messageOf(mail, FROM))).message as Buffer;
const mailOf = (letter: Letter, to = 'dan@acme.example'): Mail => ({ id: '019aa5c4-6f00-7000-8000-000000000001', to, ...letter });

const TAGS = /^\/?(?:html|head|meta|title|body|p|a)$|^!doctype$/u;
const addresses = ({ to = [], cc = [], bcc = [] }: Email): string => [...to, ...cc, ...bcc].map(({ address }) => address).join();
const names = ({ headers }: Email): readonly string[] => headers.map(({ key }) => key);

/** What may be wrong with a mail, each with what finds it. */
const FAULTS: Readonly<Record<string, (email: Email) => boolean>> = {
  'another header': (email) => names(email).some((name) => !HEADERS.includes(name)),
  'a header twice': (email) => new Set(names(email)).size < names(email).length,
  'another recipient': (email) => addresses(email) !== 'dan@acme.example',
  'an attachment': ({ attachments }) => attachments.length > 0,
  markup: ({ html = '' }) => [...html.matchAll(/<([a-z!/]+)/giu)].some(([, tag = '']) => !TAGS.test(tag.toLowerCase())),
  'no link': ({ html = '', text = '' }) => !html.includes(LINK) || !text.includes(LINK),
  'turned around': ({ text = '' }) => /[\u202A-\u202E\u2066-\u2069]/u.test(text),
};

/** As another library reads it. */
const faults = async (raw: Buffer): Promise<readonly string[]> => {
  const email = await PostalMime.parse(raw);
  return Object.entries(FAULTS).flatMap(([fault, has]) => (has(email) ? [fault] : []));
};

/** The planted fault: a mail put together as text. */
const asText = (tenant: string): Buffer =>
  Buffer.from(`From: ${FROM}\r\nTo: dan@acme.example\r\nSubject: You are invited to ${tenant}\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>${tenant}</p><a href="${LINK}">x</a>`);

describe('promise 19: what people type stays text', function suite() {
  this.timeout(60_000);

  it(`as the name of a tenant in ${INPUTS.length} invitations and resets`, async () => {
    let seen = 0;
    for (const tenant of INPUTS) {
      for (const letter of [invitationLetter({ tenant, link: LINK, until: '2026-03-16T12:00:00.000Z', role: 'signer' }), resetLetter({ tenant, link: LINK, until: '2026-03-16T12:00:00.000Z' })]) {
        expect(await faults(await compose(mailOf(letter))), JSON.stringify(tenant.slice(0, 80))).to.deep.equal([]);
        seen += 1;
      }
    }
    expect(seen).to.be.greaterThan(500);
  });

  it('as an address: one recipient, or none', async () => {
    const letter = resetLetter({ tenant: 'Acme', link: LINK, until: '2026-03-16T12:00:00.000Z' });
    const tried = INPUTS.flatMap((input) => [input, `dan@acme.example${input}`, `${input}@acme.example`, `dan@acme.example,${input}`]);
    let taken = 0;
    for (const to of tried) {
      try {
        const { to: recipients, cc, bcc, headers } = await PostalMime.parse(await compose(mailOf(letter, to)));
        taken += 1;
        expect([recipients?.length, cc, bcc, headers.length], JSON.stringify(to.slice(0, 80))).to.deep.equal([1, undefined, undefined, HEADERS.length]);
      } catch (error) {
        if (!(error instanceof Rejection)) throw error;
      }
    }
    expect(taken, 'some are addresses').to.be.within(50, tried.length / 2);
  });

  it('goes red with a mail that is put together as text', async () => {
    const found = new Set<string>();
    for (const tenant of BREAKS) for (const fault of await faults(asText(tenant))) found.add(fault);
    expect([...found]).to.include.members(['another header', 'another recipient', 'markup']);
  });

  it('in every field of accounts: each line of the log is one, and says nothing of it', async () => {
    const platform: Platform = await startPlatform();
    const post = collectMail(platform);
    await platform.organization({ slug: 'acme' });
    const canary = 'inj-canary-77';
    const fields: readonly (readonly [path: string, as: string | undefined, body: (input: string) => object])[] = [
      ['/sessions', '', (input) => ({ email: `${canary}${input}@x.example`, password: `${canary}${input}`, totp: input.slice(0, 50) })],
      ['/password-resets', '', (input) => ({ email: `${canary}${input}@x.example` })],
      ['/password-resets/confirm', '', (input) => ({ token: `${canary}${input}`.slice(0, 500), password: `${canary}${input}` })],
      ['/invitations/accept', '', (input) => ({ token: `${canary}${input}`.slice(0, 500), password: `${canary}${input}` })],
      ['/tenants/acme/invitations', undefined, (input) => ({ email: `${canary}${input}@x.example`, role: 'viewer' })],
      ['/tenants/acme/members', undefined, (input) => ({ email: `${canary}${input}@x.example`, password: `${canary} long ${input}`, role: 'viewer' })],
    ];
    for (const input of INPUTS.filter((_, index) => index < BREAKS.length || index % 6 === 0)) {
      platform.knobs.now += 3_600_000;
      for (const [path, as, body] of fields) {
        const { status } = await platform.call('POST', path, { body: body(input), ...(as !== undefined && { as }) });
        expect(status, `${path} ${JSON.stringify(input.slice(0, 60))}`).to.be.lessThan(500);
      }
    }
    for (const { to } of await post.deliver()) expect(to).to.match(/^[^\s@]+@x\.example$/u);
    const lines = platform.running.logs;
    expect(lines.length).to.be.greaterThan(300);
    for (const line of lines) {
      expect(line.indexOf('\n'), line).to.equal(line.length - 1);
      expect(JSON.parse(line)).to.include.keys('level', 'time', 'msg');
      expect(line).not.to.include(canary).and.not.to.include('<script');
    }
    const { events } = await platform.ground.embedded.log.feed().pull(undefined, 10_000, AbortSignal.timeout(5_000));
    expect(JSON.stringify(events)).not.to.include(canary);
    await platform.close();
  });
});
