/** The credentials of a tenant, as they are listed: never more of the secret than its prefix. */
import type { TenantId } from '../../domain/kernel/ids.ts';
import type { StateStore } from '../../application/kernel/state.ts';
import { CREDENTIAL_USE } from '../../application/tenancy/create-access.ts';
import type { CredentialEvent } from '../../domain/tenancy/credential.events.ts';
import type { SurfaceName } from '../../domain/tenancy/terms.ts';
import { defineProjection } from '../kernel/projection.ts';
import type { Reader } from '../kernel/reader.ts';
import { membersProjection, type MemberDocument } from './members.ts';

/** Times are UTC in ISO 8601. */
export type CredentialDocument = Readonly<{
  id: string;
  surface: SurfaceName;
  kind: string;
  name: string;
  prefix: string;
  permissions: readonly string[];
  /** Null: it is not bound to keys. */
  keyIds: readonly string[] | null;
  actingFor: string;
  /** The term of membership it was made in. */
  term: number;
  createdAt: string;
  expiresAt: string | null;
  revokedAt: string | null;
}>;

export const credentialsProjection = defineProjection<CredentialDocument, CredentialEvent>({
  name: 'tenancy_credentials',
  version: 3,
  indexes: [['revokedAt', 'createdAt'], ['surface', 'revokedAt', 'createdAt']],
  id: ({ data }) => data.credentialId,
  on: {
    CredentialCreated: (_document, { data }) => ({
      id: data.credentialId,
      surface: data.surface,
      kind: data.kind,
      name: data.name,
      prefix: data.prefix,
      permissions: data.permissions,
      keyIds: data.keyIds ?? null,
      actingFor: data.actingFor,
      term: data.term,
      createdAt: data.createdAt,
      expiresAt: data.expiresAt ?? null,
      revokedAt: null,
    }),
    CredentialRevoked: (document, { data }) => document && { ...document, revokedAt: data.revokedAt },
  },
});

/** With what is counted beside the log. `ended`: the person it acts for has left, so that it works no more. */
export type ListedCredential = CredentialDocument & Readonly<{ useCount: number; lastUsedAt: string | null; ended: boolean }>;

export interface CredentialList {
  /** A page of those that have not been revoked, oldest first; `after` is the `next` of the page before. */
  page(
    tenant: TenantId,
    query: Readonly<{ surface?: SurfaceName; limit: number; after?: string }>,
  ): Promise<Readonly<{ items: readonly ListedCredential[]; next?: string }>>;
  /** All of one surface that have not been revoked, oldest first. */
  all(tenant: TenantId, surface: SurfaceName): Promise<readonly ListedCredential[]>;
}

const standing = (surface: SurfaceName | undefined) =>
  ({
    where: { revokedAt: null, ...(surface !== undefined && { surface }) },
    order: { by: 'createdAt', direction: 'asc' },
  }) as const;

export const createCredentialList = ({ reader, state }: Readonly<{ reader: Reader; state: StateStore }>): CredentialList => {
  /** A question may look at two models; each was waited for. */
  const termsOf = async (tenant: TenantId, documents: readonly CredentialDocument[]): Promise<ReadonlyMap<string, number>> => {
    const members = await reader.open<MemberDocument>(tenant, membersProjection);
    const present = await Promise.all([...new Set(documents.map(({ actingFor }) => actingFor))].map((userId) => members.get(userId)));
    return new Map(present.flatMap((member) => (member?.status === 'active' ? [[member.userId, member.term] as const] : [])));
  };
  const withUse = async (tenant: TenantId, documents: readonly CredentialDocument[]): Promise<readonly ListedCredential[]> => {
    const totals = await state.totals(CREDENTIAL_USE, documents.map(({ id }) => id));
    const terms = await termsOf(tenant, documents);
    return documents.map((document) => {
      const use = totals.get(document.id);
      const lastUsedAt = use === undefined ? null : new Date(use.lastAt).toISOString();
      return { ...document, useCount: use?.count ?? 0, lastUsedAt, ended: terms.get(document.actingFor) !== document.term };
    });
  };
  const open = (tenant: TenantId) => reader.open<CredentialDocument>(tenant, credentialsProjection);

  return {
    page: async (tenant, { surface, ...page }) => {
      const found = await (await open(tenant)).page({ ...standing(surface), ...page });
      return { items: await withUse(tenant, found.items), ...(found.next !== undefined && { next: found.next }) };
    },
    all: async (tenant, surface) => {
      const documents: CredentialDocument[] = [];
      for await (const document of (await open(tenant)).stream(standing(surface))) documents.push(document);
      return withUse(tenant, documents);
    },
  };
};
