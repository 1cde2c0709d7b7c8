/** Commands of a person: signed in with what the environment says, for as long as the command takes. */
import { answers } from './client.ts';
import { CommandFailure, DEFAULT_URL, type Io } from './io.ts';

export type Session = Readonly<{ access_token: string; refresh_token: string; expires_in: number; tenant: string; role: string }>;

export interface PersonClient {
  /** Calls the platform API as the person; rejects with a `CommandFailure` unless the answer is 2xx. */
  call(method: string, path: string, body?: unknown): Promise<unknown>;
}


/** What is tried next, by what was missing. */
const HINTS: Readonly<Record<string, string>> = {
  'tenancy.totp_required': ' (give it by --totp, or CHANCERY_TOTP)',
  'tenancy.tenant_required': ' (name it by CHANCERY_TENANT)',
};

const failureOf = (status: number, text: string): CommandFailure => {
  try {
    const { code = '', detail = '', tenants } = JSON.parse(text) as Readonly<{ code?: string; detail?: string; tenants?: readonly string[] }>;
    const listed = tenants === undefined ? '' : ` ${tenants.join(', ')}`;
    return new CommandFailure(`${status} ${code}: ${detail}${listed}${HINTS[code] ?? ''}`);
  } catch {
    return new CommandFailure(`the server answered ${status}`);
  }
};

const ask = async (url: string, method: string, path: string, { token, body }: Readonly<{ token?: string; body?: unknown }>): Promise<unknown> => {
  const reply = await fetch(new URL(`/platform/v1${path}`, url), {
    method,
    redirect: 'error',
    headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await reply.text();
  if (!reply.ok) throw failureOf(reply.status, text);
  return text === '' ? undefined : (JSON.parse(text) as unknown);
};

const given = (io: Io, name: string): string => {
  const value = io.env[name] ?? '';
  if (value === '') throw new CommandFailure(`${name} is not set: CHANCERY_EMAIL and CHANCERY_PASSWORD say who signs in`);
  return value;
};

const serverUrl = async (io: Io): Promise<string> => {
  const url = io.env.CHANCERY_URL ?? DEFAULT_URL;
  if (!(await answers(url))) throw new CommandFailure(`no Chancery answers at ${url} (CHANCERY_URL): start it with npm start`);
  return url;
};

const signIn = async (io: Io, url: string, totp: string | undefined): Promise<Session> => {
  const tenant = io.env.CHANCERY_TENANT ?? '';
  const code = totp ?? io.env.CHANCERY_TOTP ?? '';
  const body = {
    email: given(io, 'CHANCERY_EMAIL'),
    password: given(io, 'CHANCERY_PASSWORD'),
    ...(tenant !== '' && { tenant }),
    ...(code !== '' && { totp: code }),
  };
  return (await ask(url, 'POST', '/sessions', { body })) as Session;
};

/** A session that stays. */
export const openSession = async (io: Io, totp: string | undefined): Promise<Session> => signIn(io, await serverUrl(io), totp);

/** Signs in, works, and signs out again, however the work ends. */
export const asPerson = async <T>(io: Io, totp: string | undefined, work: (person: PersonClient) => Promise<T>): Promise<T> => {
  const url = await serverUrl(io);
  const { access_token: token } = await signIn(io, url, totp);
  try {
    return await work({ call: (method, path, body) => ask(url, method, path, { token, body }) });
  } finally {
    await ask(url, 'DELETE', '/sessions/current', { token }).catch(() => undefined);
  }
};
