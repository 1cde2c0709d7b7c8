/**
 * A mail as nodemailer wants it. Addresses are given as objects, never as text that would be parsed, so that one address stays one address;
 * headers are written and folded by the library, which encodes what is not ASCII.
 */
import type { SendMailOptions } from 'nodemailer';
import type { Mail } from '../../application/kernel/mailer.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';

const ADDRESS = /^[^\s@"<>()[\]\\,;:\p{C}]{1,64}@[^\s@"<>()[\]\\,;:\p{C}]{1,253}$/u;

/** Permanent: what is no address today is none tomorrow. */
const refuse = (): never => {
  throw new Rejection('mail.refused', {});
};

/** `from`: the sender's address; its domain becomes that of the Message-ID. */
export const messageOf = (mail: Mail, from: string): SendMailOptions => {
  const { id, to, subject, text, html } = mail;
  if (!ADDRESS.test(to) || /\p{Cc}/u.test(subject) || !/^[\w-]+$/u.test(id)) return refuse();
  return {
    from: { name: 'Chancery', address: from },
    to: [{ name: '', address: to }],
    messageId: `<${id}@${from.slice(from.indexOf('@') + 1)}>`,
    subject,
    text,
    html,
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
    disableFileAccess: true,
    disableUrlAccess: true,
  };
};
