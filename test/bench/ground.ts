/** Data directories to measure on: a tenant made by the program itself, and as many operations of it as are asked for. */
import { rmSync } from 'node:fs';
import { catalogue } from '../../application/catalogue.ts';
import { createEventCodec } from '../../application/kernel/event-codec.ts';
import type { EventStore } from '../../application/kernel/ports.ts';
import type { TenantId } from '../../domain/kernel/ids.ts';
import { systemClock } from '../../infrastructure/runtime/clock.ts';
import { openEmbedded, type Embedded } from '../../infrastructure/runtime/embedded.ts';
import { failOnFatal, silentLogger } from '../support/silent.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { type Program, startProgram } from './child.ts';
import { type Appending, causeOf, operation, type Signer } from './samples.ts';

export const SLUG = 'bench';
const PASSWORD = 'plenty of words to remember 7';

/** A data directory whose events are there and whose read models are not, until a program has been started on it. */
export type Prepared = Readonly<{ dataDir: string; signer: Signer; secret: string; operations: number }>;

export interface Ground {
  /** With this many finished operations; the same directory each time it is asked for. */
  operations(count: number): Promise<Prepared>;
  /** An empty directory. */
  directory(): string;
  remove(): void;
}

type Json = Readonly<Record<string, unknown>>;

/** One JSON request; throws on anything but success. */
export const askJson = async (url: string, method: string, { token, body }: Readonly<{ token: string; body?: unknown }>): Promise<Json> => {
  const answer = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${text}`);
  return JSON.parse(text) as Json;
};

const MANY = 1_000_000_000;

/** An organization on the enterprise plan whose limits are never met, and a credential of its owner. */
const found = async ({ url, operatorToken: token }: Program, concurrency: number): Promise<Readonly<{ signer: Signer; secret: string }>> => {
  const owner = { email: 'owner@bench.example', password: PASSWORD };
  const tenant = await askJson(`${url}/platform/v1/tenants`, 'POST', { token, body: { slug: SLUG, name: 'Bench', owner, plans: { 'qwick-cert': 'enterprise' } } });
  const limits = { concurrency, requests_per_minute: MANY, signing_operations: MANY };
  await askJson(`${url}/platform/v1/tenants/${SLUG}/plans/qwick-cert`, 'PUT', { token, body: { plan: 'enterprise', limits } });
  const credential = await askJson(`${url}/platform/v1/tenants/${SLUG}/credentials`, 'POST', { token, body: { surface: 'qwick-cert', name: 'bench', permissions: ['sign', 'read_audit'] } });
  const userId = (tenant['owner'] as Readonly<{ user_id: string }>).user_id;
  return { signer: { tenant: tenant['id'] as TenantId, userId, credentialId: String(credential['id']) }, secret: String(credential['secret']) };
};

export const openStores = (dataDir: string): Promise<Embedded> =>
  openEmbedded({ dataDir, codec: createEventCodec(catalogue), clock: systemClock, logger: silentLogger, onFatal: failOnFatal });

const AT_ONCE = 2_000;

/** Appends in groups as large as commits may be. */
export const appendAll = async (store: EventStore, count: number, make: (number: number) => readonly Appending[]): Promise<void> => {
  const cause = causeOf('seed');
  for (let from = 0; from < count; from += AT_ONCE) {
    const group = Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, index) => make(from + index)).flat();
    await Promise.all(group.map(({ stream, events }) => store.append(stream, 'none', events, cause)));
  }
};

const PLACES = 64;

export const createGround = (say: (line: string) => void): Ground => {
  const directories: TemporaryDirectory[] = [];
  const prepared = new Map<number, Promise<Prepared>>();
  const directory = (): string => {
    const made = temporaryDirectory(process.env['BENCH_DIR']);
    directories.push(made);
    return made.path;
  };
  const prepare = async (operations: number): Promise<Prepared> => {
    const begin = performance.now();
    const dataDir = directory();
    const program = await startProgram({ dataDir });
    const { signer, secret } = await found(program, PLACES);
    await program.stop();
    const embedded = await openStores(dataDir);
    await appendAll(embedded.store, operations, (number) => [operation(signer, number)]);
    await embedded.close();
    say(`  seeded ${operations.toLocaleString('en')} operations in ${((performance.now() - begin) / 1_000).toFixed(1)} s`);
    return { dataDir, signer, secret, operations };
  };
  return {
    directory,
    operations: (count) => {
      const known = prepared.get(count) ?? prepare(count);
      prepared.set(count, known);
      return known;
    },
    remove: () => {
      for (const { path } of directories) rmSync(path, { recursive: true, force: true });
    },
  };
};

export const listUrl = (url: string, query = ''): string => `${url}/qwick-cert/api/v1/signing-operations?organization_slug=${SLUG}${query}`;
export const exportUrl = (url: string): string => `${url}/qwick-cert/api/v1/signing-operations/export?organization_slug=${SLUG}`;
export const signUrlPath = '/qwick-cert/api/v1/sign-digest';
