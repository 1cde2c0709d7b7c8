/** Every route of the surface, in the order of its document. */
import type { Route } from '../kernel/route.ts';
import { createTenantSlots } from '../kernel/tenant-slots.ts';
import type { LockPrincipal } from './principal.ts';
import { accountRoutes, type AccountDeps } from './routes/account.ts';
import { kmsRoutes, type KmsDeps } from './routes/kms.ts';
import { licenceRoutes, type LicenceDeps } from './routes/licences.ts';
import { metaRoutes, type MetaDeps } from './routes/meta.ts';
import { offlineRoutes, type OfflineRouteDeps } from './routes/offline.ts';
import { LISTS_AT_ONCE, LISTS_BUSY, revocationsRoute, type RevocationDeps } from './routes/revocations.ts';

export type RouteDeps = MetaDeps & LicenceDeps & RevocationDeps & OfflineRouteDeps & AccountDeps & KmsDeps;

/** Seconds: a bundle takes less. */
const LISTS_RETRY_AFTER = 2;

export const quantumLockRoutes = (deps: RouteDeps): readonly Route<LockPrincipal>[] => {
  const lists = createTenantSlots({ atOnce: LISTS_AT_ONCE, busy: LISTS_BUSY, retryAfter: LISTS_RETRY_AFTER });
  return [
    ...metaRoutes(deps),
    ...licenceRoutes(deps),
    revocationsRoute(deps, lists),
    ...offlineRoutes(deps, lists),
    ...accountRoutes(deps),
    ...kmsRoutes(deps),
  ];
};
