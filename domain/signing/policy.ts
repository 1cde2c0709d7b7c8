/** An organization's signing policy: replaced as a whole, in force with the next request. */
import type { Decider, Message } from '../kernel/decider.ts';
import type { SigningPolicy, SigningPolicySet, Weekday } from './policy.events.ts';

export type { Approver, SigningPolicy, Weekday } from './policy.events.ts';

export const WEEKDAYS: readonly Weekday[] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

export type SetSigningPolicy = Message<'SetSigningPolicy', SigningPolicySet['data']>;
export type SigningPolicyState = Readonly<{ policy: SigningPolicy }>;

const inOrder = (policy: SigningPolicy): string => JSON.stringify(Object.entries(policy).toSorted(([one], [other]) => (one < other ? -1 : 1)));

const isSame = (one: SigningPolicy, other: SigningPolicy): boolean => inOrder(one) === inOrder(other);

export const signingPolicy: Decider<SigningPolicyState, SetSigningPolicy, SigningPolicySet> = {
  initialState: { policy: {} },
  evolve: (state, event) => (event.type === 'SigningPolicySet' ? { policy: event.data.policy } : state),
  decide: ({ data }, { policy }) => (isSame(policy, data.policy) ? [] : [{ type: 'SigningPolicySet', data }]),
};

/** Whether signatures wait for somebody's approval. */
export const needsApproval = ({ approval }: SigningPolicy): boolean => approval?.enabled === true;

/** Whether this person may decide on other people's requests now. */
export const isApprover = (policy: SigningPolicy, userId: string): boolean =>
  needsApproval(policy) && (policy.approval?.approvers?.some((approver) => approver.userId === userId) ?? false);
