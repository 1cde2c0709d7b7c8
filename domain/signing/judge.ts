/**
 * Which rule of a policy refuses a request: the only place that knows the rules. The gate asks it about requests, what-if about
 * the log.
 */
import { effectiveExtension } from './file-kind.ts';
import { contains, parseIpAddress, parseIpRange, type IpRange } from './ip-range.ts';
import type { SigningSource } from './operation.events.ts';
import type { SigningPolicy } from './policy.events.ts';
import { needsApproval } from './policy.ts';
import { showsSomething } from './shown-text.ts';
import { isOpen } from './signing-hours.ts';

/** Everything that rules ask for. */
export type SigningFacts = Readonly<{
  /** When it was asked; milliseconds since 1970 UTC. */
  at: number;
  /** The client's; undefined when nobody can tell any more, which no rule holds against a request. */
  address: string | undefined;
  secondFactor: boolean;
  source: SigningSource;
  fileName: string;
  /** Bytes. */
  fileSize: number;
  reason: string | undefined;
  /** How many signings of the same person are in the policy's trailing window, this one apart. */
  signedInWindow: number;
  /** Somebody who may has approved it. */
  approved: boolean;
}>;

export type PolicyRefusal =
  | 'signing.policy_reason'
  | 'signing.policy_lockdown'
  | 'signing.policy_address'
  | 'signing.policy_second_factor'
  | 'signing.policy_hours'
  | 'signing.policy_source'
  | 'signing.policy_extension'
  | 'signing.policy_file_size'
  | 'signing.policy_user_rate'
  | 'signing.policy_approval';

/** True when the rule refuses. */
type Rule = (policy: SigningPolicy, facts: SigningFacts) => boolean;

const ranges = new WeakMap<readonly string[], readonly IpRange[]>();

const rangesOf = (list: readonly string[]): readonly IpRange[] => {
  const known = ranges.get(list) ?? list.map(parseIpRange).filter((range) => range !== undefined);
  ranges.set(list, known);
  return known;
};

const isElsewhere: Rule = ({ ipAllowlist = [] }, { address }) => {
  if (ipAllowlist.length === 0 || address === undefined) return false;
  const found = parseIpAddress(address);
  return found === undefined || !rangesOf(ipAllowlist).some((range) => contains(range, found));
};

const bare = (extension: string): string => extension.replace(/^\./u, '').toLowerCase();

const hasOtherExtension: Rule = ({ allowedExtensions = [] }, { fileName }) =>
  allowedExtensions.length > 0 && !allowedExtensions.some((allowed) => bare(allowed) === effectiveExtension(fileName));

const RULES: readonly (readonly [PolicyRefusal, Rule])[] = [
  ['signing.policy_reason', ({ requireReason }, { reason }) => requireReason === true && !showsSomething(reason ?? '')],
  ['signing.policy_lockdown', ({ lockdown }) => lockdown === true],
  ['signing.policy_address', isElsewhere],
  ['signing.policy_second_factor', ({ requireSecondFactor }, { secondFactor }) => requireSecondFactor === true && !secondFactor],
  ['signing.policy_hours', ({ signingHours }, { at }) => signingHours !== undefined && !isOpen(signingHours, at)],
  ['signing.policy_source', ({ allowedSources = [] }, { source }) => allowedSources.length > 0 && !allowedSources.includes(source)],
  ['signing.policy_extension', hasOtherExtension],
  ['signing.policy_file_size', ({ maxFileSize = Infinity }, { fileSize }) => fileSize > maxFileSize],
  ['signing.policy_user_rate', ({ perUserLimit }, { signedInWindow }) => perUserLimit !== undefined && signedInWindow >= perUserLimit.count],
  ['signing.policy_approval', (policy, { approved }) => needsApproval(policy) && !approved],
];

/** All refusals, in the order in which they are told. */
export const POLICY_REFUSALS: readonly PolicyRefusal[] = RULES.map(([code]) => code);

/** The first rule that refuses; undefined when none does. */
export const judge = (policy: SigningPolicy, facts: SigningFacts): PolicyRefusal | undefined =>
  RULES.find(([, refuses]) => refuses(policy, facts))?.[0];
