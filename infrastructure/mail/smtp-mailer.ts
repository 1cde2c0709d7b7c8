/** Mail over SMTP (RFC 5321), one connection for each mail; every step has its time. */
import type { Mailer } from '../../application/kernel/mailer.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import { messageOf } from './message.ts';

export type SmtpSettings = Readonly<{
  host: string;
  port: number;
  /** TLS from the first byte (RFC 8314); else STARTTLS (RFC 3207) where it is offered. */
  secure: boolean;
  /** Refuses to go on without STARTTLS. */
  requireTls: boolean;
  user?: string;
  password?: string;
  /** The sender's address. */
  from: string;
}>;

/** Milliseconds. Together they end well before another process may try the same mail. */
export type SmtpTimes = Readonly<{ connectMs: number; greetingMs: number; silenceMs: number; totalMs: number }>;
const TIMES: SmtpTimes = { connectMs: 10_000, greetingMs: 10_000, silenceMs: 20_000, totalMs: 60_000 };

type SmtpError = Readonly<{ responseCode?: unknown; code?: unknown }>;

/**
 * 5yz is final, but for what says of the server rather than of the mail: 500 to 504 (it does not speak our language today) and a failed
 * sign-in (530, 534, 535), which the operator will mend.
 */
const isFinal = (status: number, code: unknown): boolean => status >= 510 && status < 600 && code !== 'EAUTH' && ![530, 534, 535].includes(status);

/** The server's words are left out: they repeat addresses. */
const rejectionOf = (error: unknown): Rejection => {
  const { responseCode: status, code } = error as SmtpError;
  if (typeof status !== 'number') return new Rejection('mail.unavailable', {});
  return new Rejection(isFinal(status, code) ? 'mail.refused' : 'mail.unavailable', { status });
};

const within = async (ms: number, work: Promise<unknown>): Promise<void> => {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Rejection('mail.unavailable', {})), ms);
  try {
    await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
};

export const createSmtpMailer = (settings: SmtpSettings, times: SmtpTimes = TIMES): Mailer => {
  const { host, port, secure, requireTls, user, password, from } = settings;
  const options = {
    host, port, secure,
    requireTLS: requireTls,
    ...(user !== undefined && { auth: { user, pass: password ?? '' } }),
    tls: { minVersion: 'TLSv1.2' },
    connectionTimeout: times.connectMs, greetingTimeout: times.greetingMs, socketTimeout: times.silenceMs,
    disableFileAccess: true, disableUrlAccess: true,
  } as const;
  return {
    send: async (mail) => {
      const message = messageOf(mail, from);
      // Loaded with the first mail: a start sends none.
      const { createTransport } = await import('nodemailer');
      const transport = createTransport(options);
      try {
        await within(times.totalMs, transport.sendMail(message));
      } catch (error) {
        throw error instanceof Rejection ? error : rejectionOf(error);
      } finally {
        transport.close();
      }
    },
  };
};
