/** Who has been asked to join a tenant, what became of it, and of the mail that asked. */
import type { TenantId } from '../../domain/kernel/ids.ts';
import type { Sealed } from '../../domain/kernel/sealed.ts';
import type { Clock } from '../../application/kernel/ports.ts';
import type { PersonalData } from '../../application/kernel/sealing.ts';
import { places } from '../../application/tenancy/aggregates.ts';
import type { MailEvent, MailFailure } from '../../domain/tenancy/mail.events.ts';
import type { InvitationEvent } from '../../domain/tenancy/membership.events.ts';
import type { Role } from '../../domain/tenancy/terms.ts';
import { defineProjection } from '../kernel/projection.ts';
import type { Reader } from '../kernel/reader.ts';

/** Times are UTC in ISO 8601. */
export type MailStatus = Readonly<{ status: 'queued' | 'sent' | 'failed'; at: string; reason: MailFailure | null }>;

export type InvitationDocument = Readonly<{
  id: string;
  userId: string;
  email: Sealed;
  role: Role;
  status: 'pending' | 'accepted' | 'revoked';
  /** Null: the operator. */
  invitedBy: string | null;
  createdAt: string;
  expiresAt: string;
  endedAt: string | null;
  mail: MailStatus;
}>;

type Ended = 'accepted' | 'revoked';
const ended = (document: InvitationDocument | undefined, status: Ended, time: string): InvitationDocument | undefined =>
  document && { ...document, status, endedAt: time };

/** A mail has the id of what it is about; those of other things have no document here. */
export const invitationsProjection = defineProjection<InvitationDocument, InvitationEvent | MailEvent>({
  name: 'tenancy_invitations',
  version: 1,
  indexes: [['createdAt']],
  id: ({ data }) => ('mailId' in data ? data.mailId : data.invitationId),
  on: {
    InvitationCreated: (_document, { data }) => ({
      id: data.invitationId,
      userId: data.userId,
      email: data.email,
      role: data.role,
      status: 'pending',
      invitedBy: data.invitedBy ?? null,
      createdAt: data.createdAt,
      expiresAt: data.expiresAt,
      endedAt: null,
      mail: { status: 'queued', at: data.createdAt, reason: null },
    }),
    InvitationAccepted: (document, { time }) => ended(document, 'accepted', time),
    InvitationRevoked: (document, { time }) => ended(document, 'revoked', time),
    MailSent: (document, { data }) => document && { ...document, mail: { status: 'sent', at: data.at, reason: null } },
    MailFailed: (document, { data }) => document && { ...document, mail: { status: 'failed', at: data.at, reason: data.reason } },
  },
});

/** `email` is undefined once the person has been erased. */
export type ListedInvitation = Omit<InvitationDocument, 'email' | 'status'> &
  Readonly<{ email: string | undefined; status: InvitationDocument['status'] | 'expired' }>;

export interface InvitationList {
  /** Newest first; `after` is the `next` of the page before. */
  page(tenant: TenantId, page: Readonly<{ limit: number; after?: string }>): Promise<Readonly<{ items: readonly ListedInvitation[]; next?: string }>>;
  get(tenant: TenantId, id: string): Promise<ListedInvitation | undefined>;
}

export const createInvitationList = ({ reader, personalData, clock }: Readonly<{ reader: Reader; personalData: PersonalData; clock: Clock }>): InvitationList => {
  const model = (tenant: TenantId) => reader.open<InvitationDocument>(tenant, invitationsProjection);
  const show = async (tenant: TenantId, document: InvitationDocument): Promise<ListedInvitation> => ({
    ...document,
    email: await personalData.open(document.email, places.invited(tenant, document.id)),
    status: document.status === 'pending' && Date.parse(document.expiresAt) <= clock.now() ? 'expired' : document.status,
  });
  return {
    page: async (tenant, page) => {
      const found = await (await model(tenant)).page({ order: { by: 'createdAt', direction: 'desc' }, ...page });
      const items = await Promise.all(found.items.map((document) => show(tenant, document)));
      return { items, ...(found.next !== undefined && { next: found.next }) };
    },
    get: async (tenant, id) => {
      const document = await (await model(tenant)).get(id);
      return document && show(tenant, document);
    },
  };
};
