/** Commands speak to a running server; where none answers, to one of their own on the same data, for as long as they need it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandFailure, DEFAULT_URL, type Io } from './io.ts';

export type Reply = Readonly<{ status: number; body: unknown }>;

export interface PlatformClient {
  readonly url: string;
  /** Whether the answers come from a server that was running already. */
  readonly remote: boolean;
  /** Calls the platform API with the operator token; rejects with a `CommandFailure` unless the answer is 2xx. */
  call(method: string, path: string, body?: unknown): Promise<Reply>;
  /** All items of a list, page by page. */
  list<Item>(path: string): Promise<readonly Item[]>;
  /** The same for an answer that is a file. */
  download(path: string): Promise<ReadableStream<Uint8Array>>;
}

type ListPage<Item> = Readonly<{ items: readonly Item[]; next_cursor?: string | null }>;

/** Starts the program in this process on a port of its own and closes it after the work. */
export type WithOwnServer = <T>(work: (url: string, operatorToken: string) => Promise<T>) => Promise<T>;

const HEALTH_TIMEOUT_MS = 2_000;

/** True when a Chancery answers there. */
export const answers = async (url: string): Promise<boolean> => {
  try {
    const reply = await fetch(new URL('/healthz', url), { signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS) });
    const body = (await reply.json()) as { name?: unknown };
    return reply.ok && body.name === 'chancery';
  } catch {
    return false;
  }
};

const operatorToken = async (io: Io): Promise<string> => {
  const given = io.env.OPERATOR_TOKEN;
  if (given !== undefined && given !== '') return given;
  const file = join(io.env.DATA_DIR ?? './data', 'operator.token');
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch {
    throw new CommandFailure(`no operator token: set OPERATOR_TOKEN, or DATA_DIR to where ${file} lies`);
  }
};

const failureOf = (status: number, body: unknown): CommandFailure => {
  const problem = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  const fields = typeof problem.fields === 'object' && problem.fields !== null ? JSON.stringify(problem.fields) : '';
  const words = [problem.title, problem.detail, fields].filter((word) => typeof word === 'string' && word !== '');
  return new CommandFailure(`${status} ${words.join(': ')}`.trim());
};

const client = (url: string, token: string, remote: boolean): PlatformClient => {
  const send = async (method: string, path: string, body?: unknown): Promise<Response> =>
    fetch(new URL(`/platform/v1${path}`, url), {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const call = async (method: string, path: string, body?: unknown): Promise<Reply> => {
    const reply = await send(method, path, body);
    const text = await reply.text();
    const parsed: unknown = text === '' ? undefined : JSON.parse(text);
    if (!reply.ok) throw failureOf(reply.status, parsed);
    return { status: reply.status, body: parsed };
  };
  return {
    url,
    remote,
    call,
    list: async <Item>(path: string) => {
      const items: Item[] = [];
      for (let after = ''; ; ) {
        const page = (await call('GET', `${path}?limit=100${after}`)).body as ListPage<Item>;
        items.push(...page.items);
        if (page.next_cursor === null || page.next_cursor === undefined) return items;
        after = `&cursor=${encodeURIComponent(page.next_cursor)}`;
      }
    },
    download: async (path) => {
      const reply = await send('GET', path);
      if (!reply.ok || reply.body === null) throw failureOf(reply.status, undefined);
      return reply.body;
    },
  };
};

/** Runs `work` against the server at CHANCERY_URL when it answers, else against one of its own over DATA_DIR. */
export const withPlatform = async <T>(io: Io, own: WithOwnServer, work: (platform: PlatformClient) => Promise<T>): Promise<T> => {
  const url = io.env.CHANCERY_URL ?? DEFAULT_URL;
  if (await answers(url)) return work(client(url, await operatorToken(io), true));
  if (io.env.CHANCERY_URL !== undefined) throw new CommandFailure(`no Chancery answers at ${url} (CHANCERY_URL)`);
  return own((ownUrl, token) => work(client(ownUrl, token, false)));
};
