/** Every route of the surface, in the order of its document. */
import type { SignDigest } from '../../application/signing/sign-digest.ts';
import type { ReportResult } from '../../application/signing/report-result.ts';
import type { Route } from '../kernel/route.ts';
import type { QwickPrincipal } from './principal.ts';
import { apiKeyRoutes, type KeysDeps } from './routes/apikeys.ts';
import { authRoutes, type AuthDeps } from './routes/auth.ts';
import { billingRoute, type BillingDeps } from './routes/billing.ts';
import { pkiRoutes, type PkiDeps } from './routes/pki.ts';
import { resultRoute } from './routes/result.ts';
import { signDigestRoute } from './routes/sign-digest.ts';
import { signingOperationRoutes, type OperationsDeps } from './routes/signing-operations.ts';

export type RouteDeps = OperationsDeps & KeysDeps & AuthDeps & PkiDeps & BillingDeps & Readonly<{ signDigest: SignDigest; reportResult: ReportResult }>;

export const qwickCertRoutes = (deps: RouteDeps): readonly Route<QwickPrincipal>[] => [
  signDigestRoute(deps.signDigest),
  ...signingOperationRoutes(deps),
  resultRoute(deps.reportResult),
  ...apiKeyRoutes(deps),
  billingRoute(deps),
  ...authRoutes(deps),
  ...pkiRoutes(deps),
];
