/** SMTP_URL: where mail goes, as a URL of the server. */
import { isHost, refuseSecret, type Setting } from './config-values.ts';

export type MailServer = Readonly<{
  host: string;
  port: number;
  secure: boolean;
  requireTls: boolean;
  user?: string;
  password?: string;
  /** Undefined: no-reply at the host of PUBLIC_URL. */
  from?: string;
}>;

const ACCEPTED = 'smtp://[user:password@]host[:port][/?from=address] or the same with smtps (TLS from the first byte)';
/** RFC 6409 for submission with STARTTLS; RFC 8314 for TLS from the first byte; RFC 5321 for neither. */
const PORTS = { smtps: 465, submission: 587, smtp: 25 } as const;
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/u;
const ADDRESS = /^[^\s@"<>()[\]\\,;:\p{C}]{1,64}@[^\s@"<>()[\]\\,;:\p{C}]{1,253}$/u;

/** The URL may hold a password: nothing of it is shown. */
const refuse = ({ name }: Setting, wrong: string): never => refuseSecret(name, wrong, ACCEPTED);

const parsed = (setting: Setting): URL => {
  const url = URL.parse(setting.text);
  if (url === null || !/^smtps?:$/u.test(url.protocol)) return refuse(setting, 'is no smtp or smtps URL');
  if (!/^\/?$/u.test(url.pathname) || url.hash !== '') return refuse(setting, 'has a path or a fragment');
  const unknown = [...url.searchParams.keys()].filter((key, index, all) => key !== 'from' || all.indexOf(key) !== index);
  return unknown.length === 0 ? url : refuse(setting, 'has parameters that are not known');
};

const decoded = (setting: Setting, text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return refuse(setting, 'has a user or a password that is not percent-encoded');
  }
};

const signInOf = (setting: Setting, { username, password }: URL): Readonly<{ user?: string; password?: string }> => {
  if (username === '' && password === '') return {};
  return username === '' ? refuse(setting, 'has a password and no user') : { user: decoded(setting, username), password: decoded(setting, password) };
};

const senderOf = (setting: Setting, { searchParams }: URL): Readonly<{ from?: string }> => {
  const from = searchParams.get('from');
  if (from === null) return {};
  return ADDRESS.test(from) ? { from } : refuse(setting, 'has a from that is no e-mail address');
};

const usualPort = (secure: boolean, signsIn: boolean): number => {
  if (secure) return PORTS.smtps;
  return signsIn ? PORTS.submission : PORTS.smtp;
};

/** A password goes over a network only under TLS. */
export const mailServer = (setting: Setting): MailServer => {
  const url = parsed(setting);
  const host = url.hostname.replace(/^\[|\]$/gu, '');
  if (!isHost(host)) return refuse(setting, 'names no host');
  if (url.port === '0') return refuse(setting, 'has the port 0');
  const signIn = signInOf(setting, url);
  const signsIn = signIn.user !== undefined;
  const secure = url.protocol === 'smtps:';
  const port = url.port === '' ? usualPort(secure, signsIn) : Number(url.port);
  return { host, port, secure, requireTls: !secure && signsIn && !LOOPBACK.test(host), ...signIn, ...senderOf(setting, url) };
};
