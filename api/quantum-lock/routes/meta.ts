/** What anybody may ask: what this is, whether it works, and what it costs. */
import Type from 'typebox';
import type { Clock } from '../../../application/kernel/ports.ts';
import { defineRoute, type Route } from '../../kernel/route.ts';
import { PLANS } from '../plans.ts';
import type { LockPrincipal } from '../principal.ts';
import { ErrorBody, HealthReply, PlansReply, RootReply } from '../schemas.ts';
import { timesFor } from '../times.ts';

/** What a look at the program's own parts has found. */
export type Health = Readonly<{
  /** Events and read models can be asked. */
  storage: boolean;
  /** The fingerprint engine answers its self-test. */
  fingerprints: boolean;
}>;

export type MetaDeps = Readonly<{ clock: Clock; health: () => Promise<Health> }>;

export const API_VERSION = '1.0.0';

const ROOT = {
  service: 'QuantumLock™ API',
  tagline: 'Quantum-powered licensing as a service',
  version: API_VERSION,
  docs: '/docs',
  powered_by: 'SoftQuantus + QCOS Autopilot',
  get_started: 'https://portal.softquantus.com',
};

const root: Route<LockPrincipal> = defineRoute({
  method: 'GET',
  path: '/',
  operationId: 'getApiInformation',
  summary: 'API information',
  tags: ['Utilities'],
  permission: 'public',
  replies: { 200: { description: 'What this is', schema: RootReply, example: ROOT } },
  handle: async () => ({ status: 200, body: ROOT }),
});

const plans: Route<LockPrincipal> = defineRoute({
  method: 'GET',
  path: '/api/v1/plans',
  operationId: 'listPlans',
  summary: 'Available plans',
  tags: ['Plans'],
  permission: 'public',
  replies: { 200: { description: 'The plans', schema: PlansReply, example: PLANS } },
  handle: async () => ({ status: 200, body: PLANS }),
});

/** What was found is told for a second. */
const RETRY = { 'Retry-After': '1' };

const healthRoute = ({ clock, health }: MetaDeps): Route<LockPrincipal> =>
  defineRoute({
    method: 'GET',
    path: '/health',
    operationId: 'getHealth',
    summary: 'Health check',
    description: '503 with `"status": "unhealthy"` while licences can neither be generated nor validated.',
    tags: ['Utilities'],
    permission: 'public',
    replies: {
      200: { description: 'It works', schema: HealthReply, example: { status: 'healthy', service: 'QuantumLock API', qcos_available: true, timestamp: '2025-06-15T10:30:00' } },
      503: { description: 'It does not', schema: Type.Union([HealthReply, ErrorBody]) },
    },
    handle: async (request) => {
      const { storage, fingerprints } = await health();
      const isHealthy = storage && fingerprints;
      return {
        status: isHealthy ? 200 : 503,
        body: { status: isHealthy ? 'healthy' : 'unhealthy', service: 'QuantumLock API', qcos_available: fingerprints, timestamp: timesFor(request)(clock.now()) },
        ...(!isHealthy && { headers: RETRY }),
      };
    },
  });

export const metaRoutes = (deps: MetaDeps): readonly Route<LockPrincipal>[] => [root, healthRoute(deps), plans];
