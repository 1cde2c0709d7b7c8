/** POST /sessions, POST /sessions/refresh, DELETE /sessions/current. */
import type { Sessions } from '../../../application/tenancy/sessions.ts';
import { defineRoute, type Route } from '../../kernel/route.ts';
import { inPerson, type PlatformPrincipal } from '../principal.ts';
import { RefreshBody, SessionReply, SignInBody } from '../schemas.ts';
import { REFRESH_REJECTIONS, sessionBody, SIGN_IN_REJECTIONS } from '../session-body.ts';

export type SessionDeps = Readonly<{ sessions: Sessions }>;

const tags = ['Sessions'];

const signInRoute = ({ sessions }: SessionDeps) =>
  defineRoute<PlatformPrincipal, undefined, undefined, typeof SignInBody>({
    method: 'POST',
    path: '/v1/sessions',
    operationId: 'signIn',
    summary: 'Sign in with e-mail address and password',
    description: 'Where the account has a second factor, `totp` is required: without it the answer is `tenancy.totp_required`, whatever the password.',
    tags,
    permission: 'public',
    body: SignInBody,
    bodyExample: { email: 'owner@acme.example', password: 'correct horse battery staple' },
    replies: { 201: { description: 'The session', schema: SessionReply } },
    rejections: SIGN_IN_REJECTIONS,
    idempotentCopy: 'secret',
    handle: async ({ body, ip, cause }) => {
      const signedIn = await sessions.signIn({ ...body, ip }, cause);
      return { status: 201, body: sessionBody(signedIn), headers: { 'Cache-Control': 'no-store' } };
    },
  });

const refreshRoute = ({ sessions }: SessionDeps) =>
  defineRoute<PlatformPrincipal, undefined, undefined, typeof RefreshBody>({
    method: 'POST',
    path: '/v1/sessions/refresh',
    operationId: 'refreshSession',
    summary: 'Exchange a refresh token for new tokens',
    description: 'Each refresh token is good once; using one again ends its session. Thirty a minute at most.',
    tags,
    permission: 'public',
    body: RefreshBody,
    replies: { 200: { description: 'New tokens', schema: SessionReply } },
    rejections: REFRESH_REJECTIONS,
    idempotentCopy: 'secret',
    handle: async ({ body, cause }) => ({
      status: 200,
      body: sessionBody(await sessions.refresh(body.refresh_token, cause)),
      headers: { 'Cache-Control': 'no-store' },
    }),
  });

const signOutRoute = ({ sessions }: SessionDeps) =>
  defineRoute<PlatformPrincipal>({
    method: 'DELETE',
    path: '/v1/sessions/current',
    operationId: 'signOut',
    summary: 'Sign out',
    tags,
    permission: 'person',
    replies: { 204: { description: 'Signed out' } },
    rejections: ['tenancy.session_required'],
    handle: async ({ principal, cause }) => {
      await sessions.signOut(inPerson(principal), cause);
      return { status: 204 };
    },
  });

export const sessionRoutes = (deps: SessionDeps): readonly Route<PlatformPrincipal>[] => [signInRoute(deps), refreshRoute(deps), signOutRoute(deps)];
