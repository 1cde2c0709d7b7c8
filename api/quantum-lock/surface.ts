/** QuantumLock: licences and the KMS for services, as its API reference says it. */
import type { Access } from '../../application/tenancy/access.ts';
import { defineSurface, type Surface } from '../kernel/surface.ts';
import { errorCatalogue, renderError } from './errors.ts';
import { actorOfRequest, authenticate, currently, idempotencyScope, permit, PERMISSION_REJECTIONS, type LockPrincipal } from './principal.ts';
import { quantumLockRoutes, type RouteDeps } from './routes.ts';
import { API_VERSION } from './routes/meta.ts';
import { ErrorBody } from './schemas.ts';

export type QuantumLockDeps = RouteDeps & Readonly<{ access: Access }>;

const DESCRIPTION = `Licences with a quantum fingerprint, and a key management service for services.

The licence routes take an API key (\`qlk_…\`) in \`X-API-Key\`, the KMS a service token (\`svc_…\`) as \`Authorization: Bearer\`; neither takes the
other's. Errors are \`{"detail": "…"}\`.

Times of the licence routes carry no zone and mean UTC; whoever accepts \`application/json;profile="utc-z"\` gets them with a \`Z\`. Times
that are sent may have a \`Z\`, an offset or nothing, which means UTC.`;

export const createQuantumLockSurface = (deps: QuantumLockDeps): Surface =>
  defineSurface<LockPrincipal>({
    name: 'quantum-lock',
    mount: '/quantum-lock',
    host: 'quantumlock.softquantus.com',
    info: { title: 'QuantumLock™ API', version: API_VERSION, description: DESCRIPTION },
    routes: quantumLockRoutes(deps),
    security: {
      apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'An API key (`qlk_…`), for the licence routes.' },
      serviceToken: { type: 'http', scheme: 'bearer', description: 'A service token (`svc_…`), for the KMS.' },
    },
    securityOf: (permission) => (permission === 'kms' ? ['serviceToken'] : ['apiKey']),
    publicPermissions: ['public'],
    authenticate: (incoming, permission) => authenticate(deps.access, incoming, permission),
    current: (principal) => currently(deps.access, principal),
    actor: actorOfRequest,
    tenant: (principal) => (principal.kind === 'credential' ? principal.tenant.id : undefined),
    idempotencyScope,
    rate: () => undefined,
    permit: ({ principal }, permission) => permit(principal, permission),
    permissionRejections: PERMISSION_REJECTIONS,
    renderReply: (body) => body,
    renderError,
    errorSchema: ErrorBody,
    errorCatalogue,
  });
