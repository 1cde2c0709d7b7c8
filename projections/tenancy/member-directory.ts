/** Who is behind a user id: addresses are opened when they are shown, never before. */
import type { SubjectId, TenantId } from '../../domain/kernel/ids.ts';
import type { PersonalData } from '../../application/kernel/sealing.ts';
import { places } from '../../application/tenancy/aggregates.ts';
import type { Role } from '../../domain/tenancy/terms.ts';
import type { Reader } from '../kernel/reader.ts';
import { membersProjection, type MemberDocument } from './members.ts';

/** `email` is undefined once the person has been erased. */
export type ListedMember = Readonly<{ userId: SubjectId; email: string | undefined; role: Role }>;

export type AddressBook = (userIds: readonly string[]) => Promise<ReadonlyMap<string, string>>;

export interface MemberDirectory {
  /** The present members, in the order in which they came; `after` is the `next` of the page before. */
  page(tenant: TenantId, page: Readonly<{ limit: number; after?: string }>): Promise<Readonly<{ items: readonly ListedMember[]; next?: string }>>;
  /** The addresses of these people, present or past; those who are unknown or erased are left out. */
  emails(tenant: TenantId, userIds: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** The same for many questions, of which only this one waits for the tenant's newest write. */
  addressBook(tenant: TenantId): Promise<AddressBook>;
  /** Who has been a member for longest among those who are owners now. */
  oldestOwner(tenant: TenantId): Promise<ListedMember | undefined>;
  /** How many members there are now. */
  count(tenant: TenantId): Promise<number>;
}

export const createMemberDirectory = ({ reader, personalData }: Readonly<{ reader: Reader; personalData: PersonalData }>): MemberDirectory => {
  const model = (tenant: TenantId) => reader.open<MemberDocument>(tenant, membersProjection);
  const emailOf = (tenant: TenantId, { userId, email }: MemberDocument) => personalData.open(email, places.email(tenant, userId));
  const listed = async (tenant: TenantId, document: MemberDocument): Promise<ListedMember> => ({
    userId: document.userId,
    email: await emailOf(tenant, document),
    role: document.role,
  });
  const addressBook = async (tenant: TenantId): Promise<AddressBook> => {
    const members = await model(tenant);
    const opened = async (userId: string) => {
      const document = await members.get(userId);
      return [userId, document && (await emailOf(tenant, document))] as const;
    };
    return async (userIds) => {
      const pairs = await Promise.all([...new Set(userIds)].map(opened));
      return new Map(pairs.flatMap(([userId, email]) => (email === undefined ? [] : [[userId, email] as const])));
    };
  };
  const active = { where: { status: 'active' }, order: { by: 'addedAt', direction: 'asc' } } as const;

  return {
    page: async (tenant, page) => {
      const found = await (await model(tenant)).page({ ...active, ...page });
      const items = found.items.map(async (document) => listed(tenant, document));
      return { items: await Promise.all(items), ...(found.next !== undefined && { next: found.next }) };
    },
    oldestOwner: async (tenant) => {
      for await (const document of (await model(tenant)).stream(active)) {
        if (document.role === 'owner') return listed(tenant, document);
      }
      return undefined;
    },
    emails: async (tenant, userIds) => (await addressBook(tenant))(userIds),
    addressBook,
    count: async (tenant) => {
      const page = await (await model(tenant)).page({ where: { status: 'active' }, limit: 1, total: true });
      return page.total ?? 0;
    },
  };
};
