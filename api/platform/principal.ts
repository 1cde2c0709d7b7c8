/** Who uses the platform API, and what they may do there. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Actor } from '../../application/kernel/ports.ts';
import type { Access, AnonymousPrincipal, OperatorPrincipal, PersonPrincipal } from '../../application/tenancy/access.ts';
import { addressKey } from '../../application/tenancy/address-key.ts';
import type { CredentialMaker } from '../../application/tenancy/credentials.ts';
import type { Manager } from '../../domain/tenancy/manager.ts';
import type { TenantId } from '../../domain/kernel/ids.ts';
import { reject } from '../../domain/kernel/rejection.ts';
import type { Incoming, RateRule } from '../kernel/surface.ts';

export type PlatformPrincipal = OperatorPrincipal | PersonPrincipal | AnonymousPrincipal;

/**
 * The words of the route table. `tenant`: the operator, or an owner or admin of the tenant in the path. `member`: the
 * operator, or anybody who belongs to that tenant; the route asks for more. `person`: anybody with a session.
 */
export const PERMISSIONS = ['public', 'operator', 'tenant', 'member', 'person'] as const;
export type PlatformPermission = (typeof PERMISSIONS)[number];

const BEARER = /^Bearer +([\x21-\x7e]{1,8192})$/iu;
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Rejects with `tenancy.unauthenticated` or `tenancy.token_invalid`. The operator's token is compared in constant time. */
export const createAuthenticate = (access: Pick<Access, 'session'>, operatorToken: string) => {
  const operator = digest(operatorToken);
  return async (incoming: Pick<Incoming, 'header'>, permission: string): Promise<PlatformPrincipal> => {
    if (permission === 'public') return { kind: 'anonymous' };
    const header = incoming.header('authorization') ?? reject('tenancy.unauthenticated');
    const token = BEARER.exec(header)?.[1] ?? reject('tenancy.token_invalid');
    return timingSafeEqual(digest(token), operator) ? { kind: 'operator' } : access.session(token);
  };
};

export const actorOf = (principal: PlatformPrincipal): Actor => {
  switch (principal.kind) {
    case 'operator':
      return { kind: 'operator', id: 'operator' };
    case 'person':
      return { kind: 'person', id: principal.userId };
    default:
      return { kind: 'anonymous', id: 'anonymous' };
  }
};

export const tenantOf = (principal: PlatformPrincipal): TenantId | undefined => (principal.kind === 'person' ? principal.tenant.id : undefined);

/** A person keeps their scope over sessions, so that a retry after signing in again is still a retry. */
export const idempotencyScope = (principal: PlatformPrincipal): string => `${tenantOf(principal) ?? ''}/${actorOf(principal).id}`;

const MINUTE_MS = 60_000;

/** By address for strangers (sign-ins have a throttle of their own besides), by person for people; the operator is not limited. */
export const rateRule = (principal: PlatformPrincipal, { ip }: Pick<Incoming, 'ip'>): RateRule | undefined => {
  switch (principal.kind) {
    case 'operator':
      return undefined;
    case 'person':
      return { key: `person/${principal.userId}`, limit: 600, windowMs: MINUTE_MS };
    default:
      return { key: `ip/${addressKey(ip)}`, limit: 300, windowMs: MINUTE_MS };
  }
};

const requireMember = (principal: PlatformPrincipal, slug: unknown): void => {
  if (principal.kind === 'operator') return;
  // Another tenant's slug answers as one that nobody has.
  if (principal.kind !== 'person' || principal.tenant.slug !== slug) reject('tenancy.tenant_unknown');
};

/** The operator, owners and admins. */
export const isAdmin = (principal: PlatformPrincipal): boolean =>
  principal.kind === 'operator' || (principal.kind === 'person' && (principal.role === 'owner' || principal.role === 'admin'));

const requireAdmin = (principal: PlatformPrincipal, slug: unknown): void => {
  requireMember(principal, slug);
  if (!isAdmin(principal)) reject('tenancy.forbidden');
};

const DEMANDS: Readonly<Record<PlatformPermission, (principal: PlatformPrincipal, slug: unknown) => void>> = {
  public: () => undefined,
  operator: ({ kind }) => void (kind === 'operator' || reject('tenancy.operator_required')),
  person: ({ kind }) => void (kind === 'person' || reject('tenancy.session_required')),
  tenant: requireAdmin,
  member: requireMember,
};

/** Rejects with `tenancy.operator_required`, `…session_required`, `…forbidden` or, for a foreign tenant, `…tenant_unknown`. */
export const permit = (principal: PlatformPrincipal, permission: string, slug: unknown): void => {
  const demand = Object.hasOwn(DEMANDS, permission) ? DEMANDS[permission as PlatformPermission] : undefined;
  if (demand === undefined) reject('tenancy.forbidden');
  else demand(principal, slug);
};

/** The person of a route with the permission `person`. */
export const inPerson = (principal: PlatformPrincipal): PersonPrincipal =>
  principal.kind === 'person' ? principal : reject('tenancy.session_required');

/** Who changes members; what they may is decided where the change is. */
export const managerOf = (principal: PlatformPrincipal): Manager =>
  principal.kind === 'operator' ? { kind: 'operator' } : { kind: 'person', userId: inPerson(principal).userId };

export const makerOf = (principal: PlatformPrincipal): CredentialMaker => {
  if (principal.kind === 'operator') return { kind: 'operator' };
  const { userId, amr } = inPerson(principal);
  return { kind: 'person', userId, amr };
};
