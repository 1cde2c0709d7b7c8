/**
 * Who may do what in code signing. People stand on one ladder, owner > admin > signer > viewer (a developer counts as a
 * viewer); an API key needs its own permission and never gets beyond the person it acts for.
 */
import { reject } from '../../domain/kernel/rejection.ts';
import type { SubjectId } from '../../domain/kernel/ids.ts';
import { statusAt } from '../../domain/tenancy/plans.ts';
import type { SignedBy } from '../../domain/signing/operation.events.ts';
import type { CredentialPrincipal, PersonPrincipal, PlanState, Role, TenantView } from '../tenancy/access.ts';

export type SigningPrincipal = PersonPrincipal | CredentialPrincipal;
export type SigningPermission = 'sign' | 'read_audit';

const LADDER: Readonly<Record<Role, number>> = { viewer: 0, developer: 0, signer: 1, admin: 2, owner: 3 };

export const hasRole = (role: Role, atLeast: Role): boolean => LADDER[role] >= LADDER[atLeast];

/** Rejects with `signing.forbidden` {required} below the given role. */
export const requireRole = (role: Role, atLeast: Role): void => {
  if (!hasRole(role, atLeast)) reject('signing.forbidden', { required: atLeast });
};

const LOWEST: Readonly<Record<SigningPermission, Role>> = { sign: 'signer', read_audit: 'viewer' };

/** Rejects with `signing.forbidden` {required}: the permission that the key lacks, or the role that the person lacks. */
export const requirePermission = (principal: SigningPrincipal, permission: SigningPermission): void => {
  if (principal.kind === 'credential' && !principal.permissions.includes(permission)) {
    reject('signing.forbidden', { required: permission });
  }
  requireRole(principal.role, LOWEST[permission]);
};

const FREE: PlanState = { plan: 'free', status: 'active', since: '1970-01-01T00:00:00.000Z', cancelAtPeriodEnd: false, limits: {} };

/** An organization without a plan of this surface is on the free one. */
export const signingPlan = (tenant: Pick<TenantView, 'plans'>): PlanState => tenant.plans['qwick-cert'] ?? FREE;

/** Rejects with `signing.subscription_cancelled`. `now`: milliseconds since 1970. */
export const requireSubscription = (tenant: TenantView, now: number): void => {
  if (statusAt(signingPlan(tenant), now) === 'cancelled') reject('signing.subscription_cancelled');
};

/** The person behind a request: their own session, or the one that the key acts for. */
export const actorOf = (principal: SigningPrincipal): Readonly<{ userId: SubjectId; by: SignedBy; secondFactor: boolean }> =>
  principal.kind === 'person'
    ? { userId: principal.userId, by: { kind: 'session', id: principal.sessionId }, secondFactor: principal.amr.includes('otp') }
    : { userId: principal.actingFor, by: { kind: 'credential', id: principal.credentialId }, secondFactor: principal.secondFactor };
