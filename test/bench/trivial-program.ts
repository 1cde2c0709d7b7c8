/**
 * The whole program with one surface more, whose routes do next to nothing: what is left of a request is the kernel. Its callers have
 * credentials of Qwick Cert, and pass everything that callers of Qwick Cert pass.
 */
import Type from 'typebox';
import { createApp } from '../../api/kernel/app.ts';
import { defineRoute, type Route } from '../../api/kernel/route.ts';
import { createHttpServer } from '../../api/kernel/server.ts';
import { defineSurface, type Surface } from '../../api/kernel/surface.ts';
import { resolve } from '../../api/composition/provide.ts';
import { startProgram } from '../../api/composition/program.ts';
import { runtime, storage, surfaces } from '../../api/composition/tokens.ts';
import { identified, type QwickPrincipal } from '../../api/qwick-cert/principal.ts';
import type { EventStore } from '../../application/kernel/ports.ts';
import { readConfig } from '../../infrastructure/runtime/config.ts';
import { createLogger } from '../../infrastructure/runtime/logger.ts';
import { systemClock } from '../../infrastructure/runtime/clock.ts';
import { systemIds } from '../../infrastructure/runtime/ids.ts';
import { streamId } from '../../domain/kernel/ids.ts';
import { completedIn } from './samples.ts';

const Body = Type.Object({ name: Type.String({ minLength: 1, maxLength: 200 }), size: Type.Integer({ minimum: 0 }) }, { additionalProperties: false });
const replies = { 200: { description: 'What was sent', schema: Body } };

const routesOf = (store: Pick<EventStore, 'append'>): readonly Route<QwickPrincipal>[] => [
  defineRoute({
    method: 'POST', path: '/echo', operationId: 'echo', summary: 'Answers what was sent', permission: 'sign', body: Body, replies,
    handle: async ({ body }) => ({ status: 200, body }),
  }),
  defineRoute({
    method: 'POST', path: '/record', operationId: 'record', summary: 'Answers once an event is durable', permission: 'sign', body: Body, replies,
    handle: async ({ body, principal, commandId, cause }) => {
      const stream = streamId('signing.operation', identified(principal).tenant.id, commandId);
      await store.append(stream, 'none', [completedIn(commandId)], cause);
      return { status: 200, body };
    },
  }),
];

/** Authentication, rate limit, envelope and errors of Qwick Cert around those routes. */
const surfaceOf = (like: Surface, store: Pick<EventStore, 'append'>): Surface =>
  defineSurface<QwickPrincipal>({ ...(like as unknown as Surface<QwickPrincipal>), name: 'trivial', mount: '/trivial', host: 'trivial.example', routes: routesOf(store), permit: () => undefined });

const fail = (error: Error): never => {
  throw error;
};

const config = readConfig(process.env);
const logger = createLogger({ level: config.logLevel });
const program = await startProgram({ config: { ...config, port: 0 }, logger, onFatal: fail });
const { container } = program;
const app = createApp({
  surfaces: [surfaceOf(resolve(container, surfaces.qwickCert), resolve(container, storage.store))],
  state: resolve(container, storage.state),
  secrets: resolve(container, storage.secrets),
  metrics: resolve(container, runtime.metrics),
  ids: systemIds,
  clock: systemClock,
  logger,
  operatorToken: program.operatorToken,
  readiness: async () => ({ ready: resolve(container, storage.projections).ready() }),
});
const server = createHttpServer(app);
await server.listen('127.0.0.1', config.port);
process.once('SIGTERM', () => void server.close().then(() => program.stop()));
