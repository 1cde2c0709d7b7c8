/**
 * Who is asking. The answer is taken from the streams of tenant, credential and member at their heads, never from a lagging
 * read model: what was revoked, removed or lowered is refused on the very next request.
 */
import type { SubjectId, TenantId } from '../../domain/kernel/ids.ts';
import type { PlanState, Role, SurfaceName } from '../../domain/tenancy/terms.ts';

export type { PlanState, Role, SurfaceName };

export type TenantView = Readonly<{
  id: TenantId;
  slug: string;
  name: string;
  plans: Readonly<Partial<Record<SurfaceName, PlanState>>>;
}>;

/** A person with a session (a JWT). */
export type PersonPrincipal = Readonly<{
  kind: 'person';
  tenant: TenantView;
  userId: SubjectId;
  role: Role;
  sessionId: string;
  /** RFC 8176: `pwd`, `otp`. */
  amr: readonly string[];
}>;

/** A credential of one surface; it acts for the person who made it. */
export type CredentialPrincipal = Readonly<{
  kind: 'credential';
  tenant: TenantView;
  surface: SurfaceName;
  /** Which of the surface's forms it has. */
  form: string;
  name: string;
  credentialId: string;
  permissions: readonly string[];
  /** The keys it may use, when it is bound to some. */
  keyIds?: readonly string[];
  /** The person it acts for: the owner when the operator made it. */
  actingFor: SubjectId;
  /** That person's role now. */
  role: Role;
  /** Made in a session with a second factor, or by the operator. */
  secondFactor: boolean;
}>;

export type OperatorPrincipal = Readonly<{ kind: 'operator' }>;
export type AnonymousPrincipal = Readonly<{ kind: 'anonymous' }>;

export interface Access {
  /**
   * The credential behind a secret of this surface. Rejects with `tenancy.credential_unknown`, `…_revoked` or `…_expired` (also when
   * its person is no longer a member), and with `storage.behind` while nobody can tell whether there is such a secret. Counts its use.
   */
  credential(surface: SurfaceName, secret: string): Promise<CredentialPrincipal>;
  /** The person behind an access token. Rejects with `tenancy.token_invalid` on anything but a valid one of a live session. */
  session(accessToken: string): Promise<PersonPrincipal>;
  /**
   * The same session or credential as it is at this moment, by the streams' heads: for whoever has waited since it was presented. Counts
   * no use. Rejects as the other two do; an access token that has run out since is no reason.
   */
  current<Known extends PersonPrincipal | CredentialPrincipal>(known: Known): Promise<Known>;
  /** Undefined when there is no such tenant. */
  tenantBySlug(slug: string): Promise<TenantView | undefined>;
}
