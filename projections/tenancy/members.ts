/** The members of a tenant, also those who are gone: what they did keeps their name. */
import type { SubjectId } from '../../domain/kernel/ids.ts';
import type { Sealed } from '../../domain/kernel/sealed.ts';
import type { MemberEvent } from '../../domain/tenancy/membership.events.ts';
import type { Role } from '../../domain/tenancy/terms.ts';
import { defineProjection } from '../kernel/projection.ts';

export type MemberDocument = Readonly<{
  userId: SubjectId;
  status: 'active' | 'removed';
  /** The last one they had. */
  role: Role;
  /** Their present or last one. */
  term: number;
  email: Sealed;
  /** When their present or last term began; UTC, ISO 8601. */
  addedAt: string;
  removedAt: string | null;
}>;

export const membersProjection = defineProjection<MemberDocument, MemberEvent>({
  name: 'tenancy_members',
  version: 2,
  indexes: [['status', 'addedAt']],
  id: ({ data }) => data.userId,
  on: {
    MemberAdded: (_document, { data, time }) => ({
      userId: data.userId as SubjectId,
      status: 'active',
      role: data.role,
      term: data.term,
      email: data.email,
      addedAt: time,
      removedAt: null,
    }),
    MemberRoleChanged: (document, { data }) => document && { ...document, role: data.role },
    MemberRemoved: (document, { time }) => document && { ...document, status: 'removed', removedAt: time },
  },
});
