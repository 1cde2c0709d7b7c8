/**
 * An installation in several processes, as it is run: two that answer requests, two that do everything else, on engines of the test's own, which it may
 * kill, pause and slow down: an EventStoreDB node, FerretDB, Kafka.
 */
import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline';
import type { Context } from 'mocha';
import { requireOwnEngine, startOwnEngine, type OwnEngine } from './engines.ts';
import type { FaultRequest } from './eventstore-node/faults.ts';
import { spawnEventStoreNode, type EventStoreProcess } from './eventstore-node/process.ts';
import { closing } from './leavings.ts';
import { serveProgram, type ServedProgram } from './served-program.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export const WORKER_ROLES = 'projector,relay,dispatcher,scheduler';

type Said = Readonly<{ level: string; msg: string; [member: string]: unknown }>;

/** One process of the program. */
export type Served = Readonly<{
  program: ServedProgram;
  url: string;
  /** What it logged as a warning or an error. */
  complaints: readonly Said[];
}>;

type Json = Readonly<Record<string, any>>; // oxlint-disable-line typescript/no-explicit-any -- answers are looked into at many places

export type Answered = Readonly<{ status: number; headers: Headers; text: string; ms: number; json: () => Json }>;
export type Asking = Readonly<{ token?: string; body?: unknown; headers?: Readonly<Record<string, string>> }>;

/** Longer than any answer may take, so that one which never comes is told from one that is late. */
const HANG_MS = 40_000;
/** A start on cores that others use as well. */
const READY_MS = 90_000;

export const ask = async (url: string, method: string, path: string, { token, body, headers = {} }: Asking = {}): Promise<Answered> => {
  const started = performance.now();
  const reply = await fetch(new URL(path, url), {
    method,
    headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(HANG_MS),
  });
  const text = await reply.text();
  return { status: reply.status, headers: reply.headers, text, ms: performance.now() - started, json: () => JSON.parse(text) as Json };
};

const LOOK_EVERY_MS = 50;

/** Milliseconds until `look` says so; rejects after `withinMs`. What `look` cannot find out now is no answer. */
export const within = async (withinMs: number, what: string, look: () => boolean | Promise<boolean>): Promise<number> => {
  const started = performance.now();
  while (performance.now() - started < withinMs) {
    if (await Promise.resolve().then(look).catch(() => false)) return performance.now() - started;
    await new Promise<void>((resolve) => { setTimeout(resolve, LOOK_EVERY_MS); });
  }
  throw new Error(`${what}: not within ${withinMs} ms`);
};

/** The EventStoreDB node of a test: the same port and log over all restarts. */
export type OwnNode = OwnEngine & Readonly<{ apply: (request: FaultRequest) => Promise<void> }>;

export const startOwnNode = async (): Promise<OwnNode> => {
  const directory = temporaryDirectory();
  let node: EventStoreProcess = await spawnEventStoreNode({ directory: directory.path });
  const { port, url } = node;
  return {
    address: url,
    apply: (request) => node.apply(request),
    kill: () => node.kill(),
    restart: async () => { node = await spawnEventStoreNode({ directory: directory.path, port }); },
    pause: () => void node.process.kill('SIGSTOP'),
    resume: () => void node.process.kill('SIGCONT'),
    stop: async () => {
      await node.kill();
      directory.remove();
    },
  };
};

export type Engines = Readonly<{ node: OwnNode; mongo: OwnEngine; kafka: OwnEngine }>;

/** Marks the running test or suite as pending where its engines are not there. */
export const requireEngines = (context: Context): void => {
  requireOwnEngine(context, 'ferretdb');
  requireOwnEngine(context, 'kafka');
};

const startEngines = async (): Promise<Engines> => {
  const [node, mongo, kafka] = await Promise.all([startOwnNode(), startOwnEngine('ferretdb'), startOwnEngine('kafka')]);
  return { node, mongo, kafka };
};

export type Env = Readonly<Record<string, string>>;

/** Starts one process, in a data directory of its own; resolves once it is ready. `preload`: as of `serveProgram`. */
export const serve = async (env: Env, preload?: URL): Promise<Served> => {
  const program = serveProgram({ dataDir: temporaryDirectory().path, env: { LOG_LEVEL: 'info', ...env }, ...(preload && { preload }) });
  const complaints: Said[] = [];
  createInterface({ input: program.process.stdout as NodeJS.ReadableStream }).on('line', (line) => {
    if (/^\{"level":"(?:warn|error|fatal)"/u.test(line)) complaints.push(JSON.parse(line) as Said);
  });
  const url = await program.listening;
  await within(READY_MS, 'a process that is ready', async () => (await ask(url, 'GET', '/readyz')).status === 200);
  return { program, url, complaints };
};

export const killNow = async ({ program }: Served): Promise<void> => {
  program.process.kill('SIGKILL');
  await program.gone;
};

export type Installation = Readonly<{
  engines: Engines;
  env: Env;
  operator: string;
  /** KAFKA_TOPIC_PREFIX. */
  prefix: string;
  apis: readonly [Served, Served];
  /** Those that are there now: replaced by `killWorker`, `startWorker`. */
  workers: Served[];
  /** Starts one more that does what is not answering requests. */
  startWorker: () => Promise<Served>;
  /** Starts one more that answers requests. */
  startApi: (preload?: URL) => Promise<Served>;
  complaints: () => readonly Said[];
  stop: () => Promise<void>;
}>;

/** `more`: settings for all processes. Resolves when all four are ready, which takes as long as starting Node.js four times and Kafka once. */
export const startInstallation = async (more: Env = {}): Promise<Installation> => {
  const engines = await startEngines();
  const name = `several_${randomBytes(5).toString('hex')}`;
  const operator = `operator-${name}`;
  const prefix = `${name}.`;
  const env = {
    EVENTSTORE_URL: engines.node.address, MONGO_URL: engines.mongo.address, KAFKA_BROKERS: engines.kafka.address, KAFKA_TOPIC_PREFIX: prefix,
    MASTER_KEY: randomBytes(32).toString('base64'), OPERATOR_TOKEN: operator, PUBLIC_URL: 'https://several.example.com', ...more,
  };
  const everybody: Served[] = [];
  const start = async (roles: string, preload?: URL): Promise<Served> => {
    const served = await serve({ ...env, ROLES: roles }, preload);
    everybody.push(served);
    return served;
  };
  const stop = closing(async () => {
    for (const served of everybody) served.program.process.kill('SIGKILL');
    await Promise.all(everybody.map(({ program }) => program.gone));
    await Promise.all(Object.values(engines).map((engine: OwnEngine) => engine.stop()));
  });
  const [one, other, ...workers] = await Promise.all(['api', 'api', WORKER_ROLES, WORKER_ROLES].map((roles) => start(roles))) as [Served, Served, Served, Served];
  return { engines, env, operator, prefix, apis: [one, other], workers, startWorker: () => start(WORKER_ROLES), startApi: (preload) => start('api', preload), complaints: () => everybody.flatMap(({ complaints }) => complaints), stop };
};
