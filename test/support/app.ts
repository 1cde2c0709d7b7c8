/** The whole program as it is composed for real, on a free port, over a data directory of the test's own. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../application/kernel/ports.ts';
import { startProgram, type Program } from '../../api/composition/program.ts';
import { readConfig } from '../../infrastructure/runtime/config.ts';
import { closing } from './leavings.ts';
import { enginesOfATest } from './open-stores.ts';
import { failOnFatal, silentLogger } from './silent.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export type Answer = Readonly<{ status: number; headers: Headers; text: string; json: () => unknown }>;

export type AskOptions = Readonly<{ token?: string | undefined; body?: unknown; headers?: Readonly<Record<string, string>> }>;

export interface App {
  readonly program: Program;
  readonly url: string;
  readonly operatorToken: string;
  readonly dataDir: string;
  /** Everything that is stored, name by name, in the data directory and in MongoDB: as text to look for secrets in. */
  stored(): Promise<ReadonlyMap<string, string>>;
  /** One request; `body` is sent as JSON. */
  ask(method: string, path: string, options?: AskOptions): Promise<Answer>;
  /** Stops the program and starts it anew on the same data. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export type AppSettings = Readonly<{ env?: Readonly<Record<string, string>>; clock?: Clock }>;

export const OWNER_PASSWORD = 'plenty of words to remember 7';

const send = async (url: string, method: string, path: string, { token, body, headers = {} }: AskOptions = {}): Promise<Answer> => {
  const reply = await fetch(new URL(path, url), {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    redirect: 'manual',
  });
  const text = await reply.text();
  return { status: reply.status, headers: reply.headers, text, json: () => JSON.parse(text) as unknown };
};

const filesIn = (directory: string): readonly (readonly [string, string])[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => [name, readFileSync(join(parentPath, name), 'latin1')]);

export const startApp = async ({ env = {}, clock }: AppSettings = {}): Promise<App> => {
  const directory = temporaryDirectory();
  const engines = await enginesOfATest(directory.path);
  const config = readConfig({ PORT: '0', LOG_LEVEL: 'silent', ...engines.env, ...env, DATA_DIR: directory.path });
  const start = (): Promise<Program> => startProgram({ config, logger: silentLogger, onFatal: failOnFatal, ...(clock !== undefined && { clock }) });
  let program = await start();
  const stop = closing(() => program.stop(1_000));
  return {
    get program() {
      return program;
    },
    get url() {
      return program.url;
    },
    get operatorToken() {
      return program.operatorToken;
    },
    dataDir: directory.path,
    stored: async () => new Map([...filesIn(directory.path), ...(await engines.contents())]),
    ask: (method, path, options) => send(program.url, method, path, options),
    restart: async () => {
      await program.stop();
      program = await start();
    },
    close: async () => {
      await stop();
      await engines.close();
      directory.remove();
    },
  };
};

export type Tenant = Readonly<{ id: string; slug: string; ownerEmail: string; ownerId: string }>;

/** A tenant with an owner, over the platform API. */
export const createTenant = async (app: App, slug: string, plan: 'free' | 'pro' | 'enterprise' = 'enterprise'): Promise<Tenant> => {
  const ownerEmail = `owner@${slug}.example`;
  const body = { slug, name: `${slug} Inc`, owner: { email: ownerEmail, password: OWNER_PASSWORD }, plans: { 'qwick-cert': plan } };
  const answer = await app.ask('POST', '/platform/v1/tenants', { token: app.operatorToken, body });
  if (answer.status !== 201) throw new Error(`tenant ${slug}: ${answer.status} ${answer.text}`);
  const { id, owner } = answer.json() as { id: string; owner: { user_id: string } };
  return { id, slug, ownerEmail, ownerId: owner.user_id };
};

/** An access token of a person of this tenant. */
export const signIn = async (app: App, tenant: Pick<Tenant, 'slug'>, email: string, password: string = OWNER_PASSWORD): Promise<string> => {
  const answer = await app.ask('POST', '/platform/v1/sessions', { body: { email, password, tenant: tenant.slug } });
  if (answer.status !== 201) throw new Error(`session of ${email}: ${answer.status} ${answer.text}`);
  return (answer.json() as { access_token: string }).access_token;
};

/** A credential's id and secret, made by the operator. */
export const createCredential = async (app: App, tenant: Pick<Tenant, 'slug'>, permissions: readonly string[] = ['sign', 'read_audit']): Promise<Readonly<{ id: string; secret: string }>> => {
  const body = { surface: 'qwick-cert', name: 'test', permissions };
  const answer = await app.ask('POST', `/platform/v1/tenants/${tenant.slug}/credentials`, { token: app.operatorToken, body });
  if (answer.status !== 201) throw new Error(`credential: ${answer.status} ${answer.text}`);
  return answer.json() as { id: string; secret: string };
};
