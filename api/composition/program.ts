/** The whole program in one process: opened, served, closed. */
import type { RequestListener } from 'node:http';
import type { Container } from 'inversify';
import { pause } from '../../projections/kernel/pause.ts';
import { catalogue } from '../../application/catalogue.ts';
import { createEventCodec } from '../../application/kernel/event-codec.ts';
import type { Clock, Logger } from '../../application/kernel/ports.ts';
import { isUnavailable } from '../../application/kernel/unavailable.ts';
import type { KeyRotations } from '../../application/tenancy/key-rotations.ts';
import { fixLogIdentity } from '../../application/transparency/log-identity.ts';
import { openSealing } from '../../infrastructure/crypto/sealing.ts';
import { systemClock } from '../../infrastructure/runtime/clock.ts';
import { listeningUrl, type Config } from '../../infrastructure/runtime/config.ts';
import { openEngines, type OpenEngines } from '../../infrastructure/runtime/engines.ts';
import { systemIds } from '../../infrastructure/runtime/ids.ts';
import { installationSecrets, type InstallationSecrets } from '../../infrastructure/runtime/installation-files.ts';
import { createLogger } from '../../infrastructure/runtime/logger.ts';
import { createMetrics, type Metrics } from '../../infrastructure/runtime/metrics.ts';
import { createPublicKeys } from '../platform/public-keys.ts';
import { createApp } from '../kernel/app.ts';
import type { Readiness } from '../kernel/operational.ts';
import { createSharedAddresses } from '../kernel/client-address.ts';
import { createHttpServer, type HttpServer } from '../kernel/server.ts';
import { composeContainer } from './container.ts';
import { endAll, type Ending } from './ending.ts';
import { completeRotation, keyRotationsOf } from './keys.ts';
import { openJobs } from './jobs.ts';
import { resolve } from './provide.ts';
import { createReadinessLook, enginesOf, readinessOf, watchReadiness } from './readiness.ts';
import { listenError, originError, sealError } from './start-errors.ts';
import { servedSurfaces } from './surfaces.ts';
import { authorities, delivery, fanout, kms, runtime, siem, signing, storage, tenancy } from './tokens.ts';

export type ProgramOptions = Readonly<{
  config: Config;
  /** The disk has failed: whoever runs the program ends it within a second. */
  onFatal: (error: Error) => void;
  clock?: Clock;
  logger?: Logger;
}>;

export type Program = Readonly<{
  /** Where it listens. */
  url: string;
  operatorToken: string;
  secrets: InstallationSecrets;
  /** For tests and tools that look inside. */
  container: Container;
  /** Resolves when every read model has caught up with the log that was there at the start. */
  caughtUp: () => Promise<void>;
  /** Finishes what was accepted, for `graceMs` at most (default 10 s), then closes, for 10 s at most; what is not closed by then is left. */
  stop: (graceMs?: number) => Promise<void>;
}>;

type Parts = Readonly<{ container: Container; metrics: Metrics; logger: Logger; clock: Clock; config: Config; secrets: InstallationSecrets; stopping: AbortSignal; failing: AbortSignal }>;

const readinessIn = (container: Container, config: Config, metrics: Metrics): Readiness => {
  const [log, state, projections] = [resolve(container, storage.log), resolve(container, storage.state), resolve(container, storage.projections)];
  const engines = enginesOf(config, { log, state });
  const look = createReadinessLook({ engines, projections });
  watchReadiness(metrics, look, engines);
  return readinessOf(look);
};

const appOf = ({ container, metrics, logger, clock, config, secrets, stopping, failing }: Parts): RequestListener => {
  return createApp({
    surfaces: config.roles.includes('api') ? servedSurfaces(container) : [],
    state: resolve(container, storage.state),
    secrets: resolve(container, storage.secrets),
    ids: systemIds,
    clock, logger, metrics, stopping, failing,
    operatorToken: secrets.operatorToken,
    trustProxy: config.trustProxy,
    surfaceHosts: config.surfaceHosts,
    readiness: readinessIn(container, config, metrics),
    publicDocuments: { '/.well-known/chancery-keys.json': createPublicKeys({ sessionKeys: resolve(container, tenancy.sessionKeys), published: resolve(container, kms.published) }) },
  });
};

/** Requests that arrive while the program is still being put together wait for it. */
const createDoor = () => {
  const waiting = Promise.withResolvers<RequestListener>();
  waiting.promise.catch(() => undefined);
  const listener: RequestListener = (request, response) => {
    void waiting.promise.then((app) => app(request, response), () => response.destroy());
  };
  return { listener, open: waiting.resolve, bar: waiting.reject };
};

type Opened = Readonly<{ container: Container; close: () => Promise<void> }>;

/** Milliseconds for what works, and then for the engines, to end. */
const ENDING_MS = { work: 6_000, engines: 4_000 } as const;

type Tools = Readonly<{ clock: Clock; logger: Logger; metrics: Metrics }>;
type Putting = Readonly<{ engines: OpenEngines; config: Config; publicUrl: string; secrets: InstallationSecrets; tools: Tools; endings: Ending[] }>;

/** One process after the other, so that what a first start makes is made once, however many of them begin at the same time. */
const inTurn = async <T>({ leases }: OpenEngines, work: () => Promise<T>): Promise<T> => {
  let done: Promise<T> | undefined;
  await leases.hold('start', new AbortController().signal, async () => {
    done ??= work();
    await done;
  });
  return done as Promise<T>;
};

/** What everything else stands on: the keys, and which log it is. */
const begin = async ({ engines, config, secrets, tools }: Omit<Putting, 'publicUrl' | 'endings'>) => {
  const { store, vault } = engines;
  const sealing = await openSealing({ vault, masterKey: secrets.masterKey, previous: secrets.previousMasterKey, ids: systemIds });
  const keys = { keyring: sealing.keyring, secrets, dataDir: config.dataDir };
  await fixLogIdentity(store, systemIds, config.logOrigin).catch((error: unknown) => {
    throw originError(error, config);
  });
  await engines.rememberLog();
  await completeRotation(keys, { store, clock: tools.clock });
  return { sealing, keys };
};

/** Everything above the engines, put together and begun. */
const putTogether = async ({ engines, config, publicUrl, secrets, tools, endings }: Putting): Promise<Container> => {
  const { state, leases, isShared } = engines;
  const { sealing, keys } = await inTurn(engines, () => begin({ engines, config, secrets, tools }));
  const rotations = Promise.withResolvers<KeyRotations>();
  const backups = config.eventStoreUrl === undefined;
  const jobs = await openJobs({ ...tools, state, dataDir: config.dataDir, rotations: rotations.promise, backups, leases: isShared ? leases : undefined });
  const container = composeContainer({ config, ids: systemIds, ...tools, publicUrl, operatorToken: secrets.operatorToken, engines: { ...engines, ...sealing }, jobs });
  rotations.resolve(keyRotationsOf(container, keys));
  const projections = resolve(container, storage.projections);
  endings.push(() => projections.stop(), jobs.close);
  await projections.start();
  endings.push(async () => resolve(container, signing.places).close?.(), () => resolve(container, authorities.authorities).idle());
  await inTurn(engines, () => resolve(container, authorities.authorities).ensureInstallation());
  const workers = [runtime.scheduler, runtime.dispatcher, delivery.dispatcher, siem.scheduler, fanout.relay].map((name) => resolve(container, name));
  endings.push(async () => resolve(container, delivery.outbound).close(), () => Promise.all(workers.map((worker) => worker.stop())));
  for (const worker of workers) worker.start();
  return container;
};

const openProgram = async ({ config, onFatal }: ProgramOptions, publicUrl: string, secrets: InstallationSecrets, tools: Tools): Promise<Opened> => {
  const engines = await openEngines({ dataDir: config.dataDir, codec: createEventCodec(catalogue), ...tools, onFatal, settings: config, pause });
  const endings: Ending[] = [];
  const close = async (): Promise<void> => {
    await endAll(endings, ENDING_MS.work, tools.logger);
    await endAll([engines.close], ENDING_MS.engines, tools.logger);
  };
  try {
    return { container: await putTogether({ engines, config, publicUrl, secrets, tools, endings }), close };
  } catch (error) {
    await close();
    throw sealError(error, config);
  }
};

const ATTEMPTS = 3;

/** What did not answer in time, or not at all for a moment, is asked again where it is on another machine; a disk that is full is not. */
const openPatiently = async (options: ProgramOptions, publicUrl: string, secrets: InstallationSecrets, tools: Omit<Tools, 'metrics'>): Promise<Opened & Pick<Tools, 'metrics'>> => {
  const { mongoUrl, eventStoreUrl } = options.config;
  for (let attempt = 1; ; attempt += 1) {
    const metrics = createMetrics();
    try {
      return { ...(await openProgram(options, publicUrl, secrets, { ...tools, metrics })), metrics };
    } catch (error) {
      const isAway = isUnavailable(error) && (mongoUrl ?? eventStoreUrl) !== undefined;
      if (!isAway || attempt === ATTEMPTS) throw error;
      tools.logger.warn({ attempt }, 'an engine did not answer during the start, which begins anew');
    }
  }
};

const programOf = (url: string, opened: Opened, secrets: InstallationSecrets, server: HttpServer): Program => ({
  url,
  secrets,
  operatorToken: secrets.operatorToken,
  container: opened.container,
  caughtUp: () => resolve(opened.container, storage.projections).caughtUp(),
  stop: async (graceMs) => {
    await server.close(graceMs);
    await opened.close();
  },
});

/** Rejects in one line when something in the configuration or the data directory keeps the program from serving. */
export const startProgram = async (options: ProgramOptions): Promise<Program> => {
  const { config, clock = systemClock, logger = createLogger({ level: config.logLevel }) } = options;
  const door = createDoor();
  const stopping = new AbortController();
  const failing = new AbortController();
  const onFatal = (error: Error): void => {
    failing.abort();
    options.onFatal(error);
  };
  const server = createHttpServer(door.listener, { isShared: createSharedAddresses(config.trustProxy), onStopping: () => stopping.abort() });
  // Listening comes first: the address is part of links, and a taken port should stop the start before data is touched.
  const { address, port } = await server.listen(config.host, config.port).catch((error: unknown) => {
    throw listenError(error, config);
  });
  const url = listeningUrl(address, port);
  try {
    const secrets = installationSecrets(config.dataDir, config);
    const opened = await openPatiently({ ...options, onFatal }, config.publicUrl ?? url, secrets, { clock, logger });
    try {
      door.open(appOf({ ...opened, logger, clock, config, secrets, stopping: stopping.signal, failing: failing.signal }));
      return programOf(url, opened, secrets, server);
    } catch (error) {
      await opened.close();
      throw error;
    }
  } catch (error) {
    door.bar(error);
    await server.close(0);
    throw error;
  }
};
