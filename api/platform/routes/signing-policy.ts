/** GET and PUT /tenants/{slug}/signing-policy, POST …/what-if. */
import type { Static } from 'typebox';
import type { Clock } from '../../../application/kernel/ports.ts';
import type { SigningRules } from '../../../application/signing/rules.ts';
import type { Access } from '../../../application/tenancy/access.ts';
import type { TenantId } from '../../../domain/kernel/ids.ts';
import { Rejection } from '../../../domain/kernel/rejection.ts';
import type { SigningPolicy } from '../../../domain/signing/policy.ts';
import type { WhatIf, WhatIfAnswer } from '../../../projections/signing/what-if.ts';
import type { MemberDirectory } from '../../../projections/tenancy/member-directory.ts';
import { defineRoute, type Route } from '../../kernel/route.ts';
import { qwickCodeOf } from '../../qwick-cert/errors.ts';
import type { PlatformPrincipal } from '../principal.ts';
import { SlugParams } from '../schemas.ts';
import { approversOf, draftOf, showPolicy } from '../signing-policy.ts';
import { SigningPolicyBody, WhatIfBody, WhatIfReply } from '../signing-schemas.ts';
import { tenantOfPath } from './members.ts';

export type SigningPolicyDeps = Readonly<{
  rules: Pick<SigningRules, 'policies'>;
  whatIf: WhatIf;
  directory: Pick<MemberDirectory, 'emails'>;
  access: Pick<Access, 'tenantBySlug'>;
  clock: Clock;
}>;

/** A policy that fills all its lists. */
const POLICY_BYTES = 262_144;

const DAY_MS = 86_400_000;

const common = { tags: ['Signing policy'], permission: 'tenant', params: SlugParams } as const;
const rejections = ['tenancy.tenant_unknown', 'tenancy.forbidden'];
const example = {
  require_2fa: true,
  ip_allowlist: ['192.0.2.0/24', '2001:db8::/32'],
  per_user_limit: { count: 20, window_seconds: 3_600 },
  signing_hours: { timezone: 'Europe/Berlin', days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '07:00', to: '19:00' },
  allowed_sources: ['github_action'],
  allowed_extensions: ['exe', 'msi'],
  max_file_size: 536_870_912,
  require_reason: true,
};

const emailsOf = async ({ directory }: SigningPolicyDeps, tenant: TenantId, policy: SigningPolicy): Promise<ReadonlyMap<string, string>> => {
  const approvers = approversOf(policy);
  return approvers.length === 0 ? new Map() : directory.emails(tenant, approvers);
};

const getRoute = (deps: SigningPolicyDeps) =>
  defineRoute<PlatformPrincipal, typeof SlugParams>({
    ...common,
    method: 'GET',
    path: '/v1/tenants/:slug/signing-policy',
    operationId: 'getSigningPolicy',
    summary: 'Get the signing policy of a tenant',
    replies: { 200: { description: 'The policy as it was set; empty before the first time', schema: SigningPolicyBody } },
    rejections,
    handle: async ({ params }) => {
      const { id } = await tenantOfPath(deps.access, params.slug);
      const { policy } = await deps.rules.policies.current(id);
      return { status: 200, body: showPolicy(policy, await emailsOf(deps, id, policy)) };
    },
  });

const putRoute = (deps: SigningPolicyDeps) =>
  defineRoute<PlatformPrincipal, typeof SlugParams, undefined, typeof SigningPolicyBody>({
    ...common,
    method: 'PUT',
    path: '/v1/tenants/:slug/signing-policy',
    operationId: 'setSigningPolicy',
    summary: 'Replace the signing policy of a tenant',
    description: 'In force with the next request. What the body does not name is off.',
    body: SigningPolicyBody,
    maxBodyBytes: POLICY_BYTES,
    bodyExample: example,
    replies: { 200: { description: 'The policy', schema: SigningPolicyBody } },
    rejections,
    handle: async ({ params, body, cause }) => {
      const { id } = await tenantOfPath(deps.access, params.slug);
      const draft = draftOf(body);
      // Before it is in force: afterwards the answer waits for nothing.
      const emails = await emailsOf(deps, id, await deps.rules.policies.resolve(id, draft));
      return { status: 200, body: showPolicy(await deps.rules.policies.set(id, draft, cause), emails) };
    },
  });

const answerOf = ({ considered, refused, byCode, items, unknownAddresses, toPosition }: WhatIfAnswer): Static<typeof WhatIfReply> => ({
  considered,
  refused,
  by_code: Object.fromEntries([...byCode].map(([code, count]) => [qwickCodeOf(code), count])),
  items: items.map(({ operationId, code, at, outcome }) => ({ operation_id: operationId, code: qwickCodeOf(code), at, was: outcome })),
  items_truncated: refused > items.length,
  unknown_addresses: unknownAddresses,
  to_position: toPosition ?? null,
});

/** The fields of the candidate, as they are named in the body. */
const inPolicy = (error: unknown): unknown => {
  if (!(error instanceof Rejection) || error.code !== 'request.invalid') return error;
  const { fields = {} } = error.details as Readonly<{ fields?: object }>;
  return new Rejection(error.code, { fields: Object.fromEntries(Object.entries(fields).map(([field, wrong]) => [`policy.${field}`, wrong])) });
};

const whatIfRoute = ({ rules, whatIf, access, clock }: SigningPolicyDeps) =>
  defineRoute<PlatformPrincipal, typeof SlugParams, undefined, typeof WhatIfBody>({
    ...common,
    method: 'POST',
    path: '/v1/tenants/:slug/signing-policy/what-if',
    operationId: 'trySigningPolicy',
    summary: 'Ask which signings of the last days a policy would have refused',
    description:
      'Judges every attempt of these days, signed or refused by whatever, in its order and as if the candidate had been in force. Changes nothing. An attempt whose backend made no signature is none.',
    body: WhatIfBody,
    maxBodyBytes: POLICY_BYTES,
    bodyExample: { policy: example, days: 30 },
    replies: { 200: { description: 'What the candidate would have done', schema: WhatIfReply } },
    rejections: [...rejections, 'signing.what_ifs_busy'],
    handle: async ({ params, body, signal }) => {
      const { id } = await tenantOfPath(access, params.slug);
      const policy = await rules.policies.resolve(id, draftOf(body.policy)).catch((error: unknown) => Promise.reject(inPolicy(error)));
      return { status: 200, body: answerOf(await whatIf(id, { policy, since: clock.now() - body.days * DAY_MS, signal })) };
    },
  });

export const signingPolicyRoutes = (deps: SigningPolicyDeps): readonly Route<PlatformPrincipal>[] => [getRoute(deps), putRoute(deps), whatIfRoute(deps)];
