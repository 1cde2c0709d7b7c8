/** Qwick Cert: code signing, as its API reference says it. */
import type { Static, TSchema } from 'typebox';
import type { Access } from '../../application/tenancy/access.ts';
import type { ApiRequest } from '../kernel/route.ts';
import { defineSurface, type Incoming, type Surface } from '../kernel/surface.ts';
import { CLI_UPDATES, cliUpdate, type CliVersions } from './cli-update.ts';
import { API_VERSION, errorCatalogue, renderError } from './errors.ts';
import { parseFilters } from './operation-filters.ts';
import { actorOfRequest, authenticate, idempotencyScope, permit, PERMISSION_REJECTIONS, rateRule, type QwickPrincipal } from './principal.ts';
import { qwickCertRoutes, type RouteDeps } from './routes.ts';
import { checkReport } from './routes/result.ts';
import { checkBody } from './routes/sign-digest.ts';
import { envelope, ErrorBody, type ExportQuery, type ResultBody, type SignDigestBody } from './schemas.ts';

export type QwickCertDeps = RouteDeps & Readonly<{ access: Access; cliVersions?: CliVersions }>;

type Request = ApiRequest<QwickPrincipal>;

const DESCRIPTION = `Authenticode signatures by digest: the binary never leaves your machine.

Every JSON answer is an envelope of \`data\` or \`error\`, \`request_id\` and \`api_version\`. When several things are wrong with a
request, the first of these is the answer: authentication (301, 304), rate limit (604), the request itself (600), organization
(602), role or permission (303), subscription (701). A request to sign then meets the organization's policy: reason (600), lockdown (415),
address (401), second factor (400), hours (404), source (407), extension (408), size (409), rate of the person (403), approval (402);
then the plan (700, 702) and the queue (101).

While an approval is pending the answer is 409 QWICK_POLICY_402 with its \`approval_id\`, \`status\` and \`expires_at\`: repeat the same request
until it is decided. Once approved it signs one time.

Under \`/pki\` are the trust anchors and the revocation list that a verifier needs, without authentication.`;

const member = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? (value as Readonly<Record<string, unknown>>)[name] : undefined;

/** What no schema can say of a request is said with the rest of its validation: before anything is said of permissions. */
const checkInput = (request: Request, permission: string): void => {
  if (permission === 'sign') checkBody(request as ApiRequest<QwickPrincipal, unknown, unknown, Static<typeof SignDigestBody>>);
  if (permission === 'report_result') checkReport(request.body as Static<typeof ResultBody>);
  if (permission === 'read_audit') parseFilters(request.query as Static<typeof ExportQuery>);
};

/** Where a client says its version, when it sends no body to say it in. */
const VERSION_HEADER = 'x-qwick-cli-version';

const replyHeaders =
  (versions: CliVersions) =>
  ({ header }: Incoming, body: unknown): Readonly<Record<string, string>> => ({
    'X-Qwick-CLI-Update': cliUpdate(member(body, 'client_version') ?? header(VERSION_HEADER), versions),
  });

export const createQwickCertSurface = (deps: QwickCertDeps): Surface =>
  defineSurface<QwickPrincipal>({
    name: 'qwick-cert',
    mount: '/qwick-cert',
    host: 'app.qwickcert.com',
    info: {
      title: 'Qwick Cert API',
      version: API_VERSION,
      description: DESCRIPTION,
    },
    routes: qwickCertRoutes(deps),
    security: {
      bearer: { type: 'http', scheme: 'bearer', description: 'A user JWT (from login) or an API key (`qwick_ak_…`).' },
    },
    publicPermissions: ['public'],
    authenticate: (incoming, permission) => authenticate(deps.access, incoming, permission),
    current: async (principal) => (principal.kind === 'anonymous' ? principal : deps.access.current(principal)),
    actor: actorOfRequest,
    tenant: (principal) => (principal.kind === 'anonymous' ? undefined : principal.tenant.id),
    idempotencyScope,
    rate: rateRule,
    isLimited: ({ permission, method }) => permission !== 'public' || method === 'POST',
    permissionRejections: PERMISSION_REJECTIONS,
    permit: (request, permission) => {
      checkInput(request, permission);
      // The one request that names its organization in the body does not get to name another one in its query.
      permit(request.principal, member(permission === 'sign' ? request.body : request.query, 'organization_slug'), permission);
    },
    renderReply: (body, { requestId }) => ({ data: body, request_id: requestId, api_version: API_VERSION }),
    replySchema: (schema: TSchema) => envelope(schema),
    renderError,
    replyHeaders: replyHeaders(deps.cliVersions ?? {}),
    replyHeaderSchemas: {
      'X-Qwick-CLI-Update': { description: 'What the client should do about its version', schema: { type: 'string', enum: [...CLI_UPDATES] } },
    },
    errorSchema: ErrorBody,
    errorCatalogue,
  });
