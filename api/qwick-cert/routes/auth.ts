/** POST /auth/login, /auth/refresh: the platform's sessions in this surface's envelope. */
import type { Sessions } from '../../../application/tenancy/sessions.ts';
import { defineRoute, type Route } from '../../kernel/route.ts';
import { SessionReply } from '../../platform/schemas.ts';
import { REFRESH_REJECTIONS, sessionBody, SIGN_IN_REJECTIONS } from '../../platform/session-body.ts';
import type { QwickPrincipal } from '../principal.ts';
import { LoginBody, RefreshBody } from '../schemas.ts';

export type AuthDeps = Readonly<{ sessions: Pick<Sessions, 'signIn' | 'refresh'> }>;

const tags = ['Authentication'];

const loginRoute = ({ sessions }: AuthDeps) =>
  defineRoute<QwickPrincipal, undefined, undefined, typeof LoginBody>({
    method: 'POST',
    path: '/api/v1/auth/login',
    operationId: 'login',
    summary: 'Sign in with e-mail address and password',
    description: 'Who belongs to several organizations names one: otherwise the answer is a conflict that lists them.',
    tags,
    permission: 'public',
    body: LoginBody,
    bodyExample: { email: 'dev@acme.com', password: 'correct horse battery staple', organization_slug: 'acme-corp' },
    replies: { 201: { description: 'Signed in', schema: SessionReply } },
    rejections: SIGN_IN_REJECTIONS,
    idempotentCopy: 'secret',
    handle: async ({ body, ip, cause }) => {
      const slug = body.organization_slug ?? body.tenant;
      const { email, password, totp } = body;
      const claim = { email, password, ip, ...(slug !== undefined && { tenant: slug }), ...(totp !== undefined && { totp }) };
      const signedIn = await sessions.signIn(claim, cause);
      return { status: 201, body: sessionBody(signedIn) };
    },
  });

const refreshRoute = ({ sessions }: AuthDeps) =>
  defineRoute<QwickPrincipal, undefined, undefined, typeof RefreshBody>({
    method: 'POST',
    path: '/api/v1/auth/refresh',
    operationId: 'refreshSession',
    summary: 'Exchange a refresh token for new tokens',
    description: 'Each refresh token is good once; using one again ends its session. Thirty a minute at most.',
    tags,
    permission: 'public',
    body: RefreshBody,
    replies: { 200: { description: 'New tokens', schema: SessionReply } },
    rejections: REFRESH_REJECTIONS,
    idempotentCopy: 'secret',
    handle: async ({ body, cause }) => ({ status: 200, body: sessionBody(await sessions.refresh(body.refresh_token, cause)) }),
  });

export const authRoutes = (deps: AuthDeps): readonly Route<QwickPrincipal>[] => [loginRoute(deps), refreshRoute(deps)];
