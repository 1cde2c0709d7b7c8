/** Every route of the surface, in the order of its document. */
import type { Route } from '../kernel/route.ts';
import type { LockPrincipal } from './principal.ts';
import { accountRoutes, type AccountDeps } from './routes/account.ts';
import { kmsRoutes, type KmsDeps } from './routes/kms.ts';
import { licenceRoutes, type LicenceDeps } from './routes/licences.ts';
import { metaRoutes, type MetaDeps } from './routes/meta.ts';
import { offlineRoutes, type OfflineRouteDeps } from './routes/offline.ts';
import { revocationsRoute, type RevocationDeps } from './routes/revocations.ts';

export type RouteDeps = MetaDeps & LicenceDeps & RevocationDeps & OfflineRouteDeps & AccountDeps & KmsDeps;

export const quantumLockRoutes = (deps: RouteDeps): readonly Route<LockPrincipal>[] => [
  ...metaRoutes(deps),
  ...licenceRoutes(deps),
  revocationsRoute(deps),
  ...offlineRoutes(deps),
  ...accountRoutes(deps),
  ...kmsRoutes(deps),
];
