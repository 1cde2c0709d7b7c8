/** GET /billing/summary: for people only, a key pays no bills. */
import type { Static } from 'typebox';
import type { Billing, BillingSummary } from '../../../application/signing/billing.ts';
import { defineRoute } from '../../kernel/route.ts';
import { inPerson, type QwickPrincipal } from '../principal.ts';
import { BillingReply, OrganizationQuery } from '../schemas.ts';
import { toSeconds } from '../times.ts';

export type BillingDeps = Readonly<{ billing: Billing }>;

const seconds = (at: string): string => toSeconds(Date.parse(at));
const orUnlimited = (limit: number | undefined): number | 'unlimited' => limit ?? 'unlimited';

const show = ({ plan, status, currentPeriodEnd, cancelAtPeriodEnd, limits, usage, discount }: BillingSummary): Static<typeof BillingReply> => ({
  plan,
  status,
  current_period_end: seconds(currentPeriodEnd),
  cancel_at_period_end: cancelAtPeriodEnd,
  limits: { members: orUnlimited(limits.members), signing_operations: orUnlimited(limits.signingOperations) },
  usage: { members: usage.members, signing_operations_this_period: usage.signingOperations },
  discount: discount === undefined ? null : { name: discount.name, percent_off: discount.percentOff, ends_at: seconds(discount.endsAt) },
});

export const billingRoute = ({ billing }: BillingDeps) =>
  defineRoute<QwickPrincipal, undefined, typeof OrganizationQuery>({
    method: 'GET',
    path: '/api/v1/billing/summary',
    operationId: 'getBillingSummary',
    summary: 'Get the subscription, what it allows and what of it is used',
    tags: ['Billing'],
    permission: 'read_billing',
    query: OrganizationQuery,
    replies: { 200: { description: 'The subscription; without a limit, it is "unlimited"', schema: BillingReply } },
    rejections: ['signing.organization_not_found', 'signing.session_required', 'signing.forbidden'],
    handle: async ({ principal }) => ({ status: 200, body: show(await billing(inPerson(principal).tenant)) }),
  });
