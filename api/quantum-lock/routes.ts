/** Every route of the surface, in the order of its document. */
import type { Route } from '../kernel/route.ts';
import type { LockPrincipal } from './principal.ts';
import { metaRoutes, type MetaDeps } from './routes/meta.ts';

export type RouteDeps = MetaDeps;

export const quantumLockRoutes = (deps: RouteDeps): readonly Route<LockPrincipal>[] => [...metaRoutes(deps)];
