/** What mails say: plain text, and the same as a page that nothing is loaded into. */
import type { Role } from '../../domain/tenancy/terms.ts';
import type { Mail } from '../kernel/mailer.ts';

/** `link` carries the code; `until` is UTC in ISO 8601. */
type Occasion = Readonly<{ tenant: string; link: string; until: string }>;
export type InvitationOccasion = Occasion & Readonly<{ role: Role }>;

export type Letter = Omit<Mail, 'id' | 'to'>;

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escaped = (text: string): string => text.replaceAll(/[&<>"']/gu, (sign) => ENTITIES[sign] ?? '');

/** A name that somebody chose, in one line: no control characters, no text that turns the direction of the rest around. */
const inOneLine = (name: string): string => name.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim().slice(0, 200);

const moment = (until: string): string => `${until.slice(0, 10)} ${until.slice(11, 16)} UTC`;

type Parts = Readonly<{ subject: string; before: readonly string[]; link: string; label: string; after: readonly string[] }>;

const paragraph = (text: string): string => `<p>${escaped(text)}</p>`;

const letter = ({ subject, before, link, label, after }: Parts): Letter => ({
  subject,
  text: [...before, link, ...after].join('\n\n').concat('\n'),
  html: [
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>', escaped(subject), '</title></head><body>',
    ...before.map(paragraph), `<p><a href="${escaped(link)}">${escaped(label)}</a></p>`, ...after.map(paragraph), '</body></html>',
  ].join(''),
});

export const invitationLetter = ({ tenant, link, until, role }: InvitationOccasion): Letter => {
  const name = inOneLine(tenant);
  return letter({
    subject: `You are invited to ${name}`,
    before: [`You are invited to join ${name} as ${role}. Choose a password here:`],
    link,
    label: 'Accept the invitation',
    after: [`The link is good once, until ${moment(until)}.`, 'If you do not know what this is about, do nothing: nothing happens then.'],
  });
};

export const resetLetter = ({ tenant, link, until }: Occasion): Letter => {
  const name = inOneLine(tenant);
  return letter({
    subject: `Another password for ${name}`,
    before: [`Somebody asked for another password of your account at ${name}. Choose one here:`],
    link,
    label: 'Choose another password',
    after: [
      `The link is good once, until ${moment(until)}. Using it signs you out everywhere.`,
      'If it was not you, do nothing: your password stays what it is.',
    ],
  });
};
