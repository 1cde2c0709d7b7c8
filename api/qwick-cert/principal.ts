/** Who asks, and whether they may: API keys and sessions alike, each within its own organization only. */
import { reject } from '../../domain/kernel/rejection.ts';
import { requirePermission, requireRole, signingPlan, type SigningPrincipal } from '../../application/signing/authorise.ts';
import { addressKey } from '../../application/tenancy/address-key.ts';
import type { Access, AnonymousPrincipal, PersonPrincipal } from '../../application/tenancy/access.ts';
import type { Actor } from '../../application/kernel/ports.ts';
import type { Incoming, RateRule } from '../kernel/surface.ts';

export type QwickPrincipal = SigningPrincipal | AnonymousPrincipal;

/** The words of the route table. */
export const PERMISSIONS = ['public', 'sign', 'report_result', 'read_audit', 'list_keys', 'manage_keys', 'read_billing'] as const;
export type QwickPermission = (typeof PERMISSIONS)[number];

const BEARER = /^Bearer ([\x21-\x7e]+)$/iu;
const KEY_PREFIX = 'qwick_ak_';

/** Rejects with `tenancy.token_invalid` (nothing, or nothing usable, was presented) or with what `Access` finds. */
export const authenticate = async (access: Access, incoming: Pick<Incoming, 'header'>, permission: string): Promise<QwickPrincipal> => {
  if (permission === 'public') return { kind: 'anonymous' };
  const presented = BEARER.exec(incoming.header('authorization') ?? '')?.[1];
  if (presented === undefined) return reject('tenancy.token_invalid');
  return presented.startsWith(KEY_PREFIX) ? access.credential('qwick-cert', presented) : access.session(presented);
};

/** For handlers of routes that are not public. */
export const identified = (principal: QwickPrincipal): SigningPrincipal =>
  principal.kind === 'anonymous' ? reject('tenancy.token_invalid') : principal;

/** Rejects an API key with `signing.session_required`. */
export const inPerson = (principal: QwickPrincipal): PersonPrincipal =>
  principal.kind === 'person' ? principal : reject('signing.session_required');

export const actorOfRequest = (principal: QwickPrincipal): Actor => {
  switch (principal.kind) {
    case 'person':
      return { kind: 'person', id: principal.userId };
    case 'credential':
      return { kind: 'credential', id: principal.credentialId };
    default:
      return { kind: 'anonymous', id: 'anonymous' };
  }
};

/** A person keeps their scope over sessions, so that a retry after signing in again is still a retry. */
export const idempotencyScope = (principal: QwickPrincipal): string =>
  principal.kind === 'anonymous' ? 'anonymous' : `${principal.tenant.id}/${actorOfRequest(principal).id}`;

const FREE_PER_MINUTE = 60;
const REQUESTS_PER_MINUTE: Readonly<Record<string, number>> = { free: FREE_PER_MINUTE, pro: 300, enterprise: 1_000 };
const MINUTE_MS = 60_000;

/** What a stranger may send from one address; sign-ins have a throttle of their own besides. */
const POSTS_OF_STRANGERS = 300;

/** Per organization; of strangers, what they send by address. What is public to read (trust anchors, revocation lists) is not limited. */
export const rateRule = (principal: QwickPrincipal, { ip, method }: Pick<Incoming, 'ip' | 'method'>): RateRule | undefined => {
  if (principal.kind === 'anonymous') return method === 'POST' ? { key: `ip/${addressKey(ip)}`, limit: POSTS_OF_STRANGERS, windowMs: MINUTE_MS } : undefined;
  const { plan, limits } = signingPlan(principal.tenant);
  const limit = limits.requestsPerMinute ?? REQUESTS_PER_MINUTE[plan] ?? FREE_PER_MINUTE;
  return { key: principal.tenant.id, limit, windowMs: MINUTE_MS };
};

const DEMANDS: Readonly<Record<Exclude<QwickPermission, 'public'>, (principal: SigningPrincipal) => void>> = {
  sign: (principal) => requirePermission(principal, 'sign'),
  report_result: (principal) => requirePermission(principal, 'sign'),
  read_audit: (principal) => requirePermission(principal, 'read_audit'),
  list_keys: (principal) => requireRole(inPerson(principal).role, 'viewer'),
  manage_keys: (principal) => requireRole(inPerson(principal).role, 'admin'),
  read_billing: (principal) => requireRole(inPerson(principal).role, 'viewer'),
};

const REFUSED = ['signing.organization_not_found', 'signing.forbidden'] as const;
const REFUSED_TO_KEYS = [...REFUSED, 'signing.session_required'] as const;

/** What `permit` rejects with, by permission. */
export const PERMISSION_REJECTIONS: Readonly<Record<Exclude<QwickPermission, 'public'>, readonly string[]>> = {
  sign: REFUSED,
  report_result: REFUSED,
  read_audit: REFUSED,
  list_keys: REFUSED_TO_KEYS,
  manage_keys: REFUSED_TO_KEYS,
  read_billing: REFUSED_TO_KEYS,
};

const demandOf = (permission: string) =>
  Object.hasOwn(DEMANDS, permission) ? DEMANDS[permission as keyof typeof DEMANDS] : reject('signing.forbidden');

/**
 * Rejects with `signing.organization_not_found` for any organization but the principal's own, whether it exists or not, and then
 * with `signing.forbidden` or `signing.session_required`.
 */
export const permit = (principal: QwickPrincipal, organizationSlug: unknown, permission: string): void => {
  if (permission === 'public') return;
  const demand = demandOf(permission);
  const who = identified(principal);
  if (organizationSlug !== who.tenant.slug) reject('signing.organization_not_found');
  demand(who);
};
