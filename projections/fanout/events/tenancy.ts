/** What is told of tenants, their people and invitations: people by their user ids, addresses never. */
import type { MembershipEvent } from '../../../domain/tenancy/membership.events.ts';
import type { SlugEvent } from '../../../domain/tenancy/slug.events.ts';
import type { TenantEvent } from '../../../domain/tenancy/tenant.events.ts';
import { PLAN_STATUSES, ROLES, SURFACES, type PlanState } from '../../../domain/tenancy/terms.ts';
import { inside, told, type PublicRows } from '../public-row.ts';
import { count, flag, instant, nullable, shape, text, uuid, word } from '../shapes.ts';

const person = () => uuid('The person');
const role = () => word(ROLES, 'What they may do');
const surface = () => word(SURFACES, 'The product');
const invitationId = () => uuid('The invitation');

const limit = (description: string) => nullable(count(description), `${description}; null: as the plan has it`);
const plan = shape(
  {
    name: text('The name of the plan'),
    status: word(PLAN_STATUSES, 'Whether it is paid'),
    since: instant('When it began'),
    current_period_end: nullable(instant('End'), 'When the paid period ends, where that was set'),
    cancel_at_period_end: flag('Whether it ends with the period'),
    ends_at: nullable(instant('End'), 'When it ends'),
    limits: shape(
      {
        members: limit('Members of the tenant'),
        signing_operations: limit('Signing operations in a period'),
        concurrency: limit('Requests in the signing step at once'),
        requests_per_minute: limit('Requests a minute'),
      },
      'Where the tenant\'s limits differ from its plan\'s',
    ),
  },
  'The plan of the surface',
);

const toLimits = (limits: PlanState['limits']) => ({
  members: limits.members ?? null,
  signing_operations: limits.signingOperations ?? null,
  concurrency: limits.concurrency ?? null,
  requests_per_minute: limits.requestsPerMinute ?? null,
});

const toPlan = (state: PlanState) => ({
  name: state.plan,
  status: state.status,
  since: state.since,
  current_period_end: state.currentPeriodEnd ?? null,
  cancel_at_period_end: state.cancelAtPeriodEnd,
  ends_at: state.endsAt ?? null,
  limits: toLimits(state.limits),
});

export const tenancyRows: PublicRows<SlugEvent | TenantEvent | MembershipEvent> = {
  SlugReserved: inside('A step of making a tenant, which is told when it is made.'),
  TenantCreated: told({
    type: 'chancery.tenancy.tenant.created',
    summary: 'A tenant was made.',
    schema: shape({ slug: text('Its name in addresses'), name: text('Its name for people') }),
    subject: (_data, { tenant }) => tenant,
    data: (data) => ({ slug: data.slug, name: data.name }),
  }),
  TenantAbandoned: told({
    type: 'chancery.tenancy.tenant.abandoned',
    summary: 'The making of a tenant did not come to an end and never will.',
    schema: shape({ slug: text('The name that is free again') }),
    subject: (_data, { tenant }) => tenant,
    data: (data) => ({ slug: data.slug }),
  }),
  PlanSet: told({
    type: 'chancery.tenancy.plan.set',
    summary: 'The plan of a surface was replaced.',
    schema: shape({ surface: surface(), plan }),
    subject: (data) => data.surface,
    data: (data) => ({ surface: data.surface, plan: toPlan(data.plan) }),
  }),
  MemberAdded: told({
    type: 'chancery.tenancy.member.added',
    summary: 'A person belongs to the tenant.',
    schema: shape({ user_id: person(), role: role(), term: count('How often they have been added, from 1') }),
    subject: (data) => data.userId,
    data: (data) => ({ user_id: data.userId, role: data.role, term: data.term }),
  }),
  MemberRoleChanged: told({
    type: 'chancery.tenancy.member_role.changed',
    summary: 'What a member may do was changed.',
    schema: shape({ user_id: person(), role: role() }),
    subject: (data) => data.userId,
    data: (data) => ({ user_id: data.userId, role: data.role }),
  }),
  MemberRemoved: told({
    type: 'chancery.tenancy.member.removed',
    summary: 'A person belongs to the tenant no more.',
    schema: shape({ user_id: person() }),
    subject: (data) => data.userId,
    data: (data) => ({ user_id: data.userId }),
  }),
  InvitationCreated: told({
    type: 'chancery.tenancy.invitation.created',
    summary: 'Somebody was asked to join.',
    schema: shape({
      invitation_id: invitationId(),
      user_id: uuid('Who is asked: the person\'s id from now on'),
      role: role(),
      invited_by: nullable(person(), 'The member who asks; null: the operator'),
      created_at: instant('When'),
      expires_at: instant('When it ends'),
    }),
    subject: (data) => data.invitationId,
    data: (data) => ({
      invitation_id: data.invitationId,
      user_id: data.userId,
      role: data.role,
      invited_by: data.invitedBy ?? null,
      created_at: data.createdAt,
      expires_at: data.expiresAt,
    }),
  }),
  InvitationAccepted: told({
    type: 'chancery.tenancy.invitation.accepted',
    summary: 'An invitation was accepted.',
    schema: shape({ invitation_id: invitationId(), user_id: person() }),
    subject: (data) => data.invitationId,
    data: (data) => ({ invitation_id: data.invitationId, user_id: data.userId }),
  }),
  InvitationRevoked: told({
    type: 'chancery.tenancy.invitation.revoked',
    summary: 'An invitation is worth nothing any more.',
    schema: shape({ invitation_id: invitationId(), user_id: person(), reason: word(['revoked', 'member_added', 'inviter_left'], 'Why') }),
    subject: (data) => data.invitationId,
    data: (data) => ({ invitation_id: data.invitationId, user_id: data.userId, reason: data.reason }),
  }),
};
