/** What makes a policy one that can be judged by. Fields are named as the policy is written by those who set it. */
import { rejectFields } from '../kernel/rejection.ts';
import { parseIpRange } from './ip-range.ts';
import type { SigningPolicy } from './policy.events.ts';
import { isClockTime, isTimeZone } from './signing-hours.ts';

/** A policy whose approvers are not known to be anybody yet. */
export type UncheckedPolicy = Omit<SigningPolicy, 'approval'> & Readonly<{ approval?: Readonly<{ enabled: boolean; approvers?: readonly unknown[] }> }>;

type Fault = readonly [field: string, wrong: string];

const fault = (isWrong: boolean, field: string, wrong: string): readonly Fault[] => (isWrong ? [[field, wrong]] : []);

const allowlist = ({ ipAllowlist = [] }: UncheckedPolicy): readonly Fault[] =>
  ipAllowlist.flatMap((range, index) => fault(parseIpRange(range) === undefined, `ip_allowlist.${index}`, 'must be an IP address or a range in CIDR form'));

const hours = ({ signingHours }: UncheckedPolicy): readonly Fault[] =>
  signingHours === undefined
    ? []
    : [
        ...fault(!isTimeZone(signingHours.timezone), 'signing_hours.timezone', 'must be an IANA time zone'),
        ...fault(!isClockTime(signingHours.from), 'signing_hours.from', 'must be HH:MM, from 00:00 to 23:59'),
        ...fault(!isClockTime(signingHours.to), 'signing_hours.to', 'must be HH:MM, from 00:00 to 23:59'),
      ];

const EXTENSION = /^\.?[^\s./\\\p{C}]{1,50}$/u;

const extensions = ({ allowedExtensions = [] }: UncheckedPolicy): readonly Fault[] =>
  allowedExtensions.flatMap((extension, index) => fault(!EXTENSION.test(extension), `allowed_extensions.${index}`, 'must be a file extension, with or without dot'));

/** More would make each judgement and each folded state of a person's window costly. */
const MOST_IN_WINDOW = 10_000;
const LONGEST_WINDOW_SECONDS = 31 * 86_400;

const isCount = (value: number, most: number): boolean => Number.isSafeInteger(value) && value >= 1 && value <= most;

const limits = ({ perUserLimit, maxFileSize }: UncheckedPolicy): readonly Fault[] => [
  ...fault(perUserLimit !== undefined && !isCount(perUserLimit.count, MOST_IN_WINDOW), 'per_user_limit.count', `must be 1 to ${MOST_IN_WINDOW}`),
  ...fault(
    perUserLimit !== undefined && !isCount(perUserLimit.windowSeconds, LONGEST_WINDOW_SECONDS),
    'per_user_limit.window_seconds',
    `must be 1 to ${LONGEST_WINDOW_SECONDS}`,
  ),
  ...fault(maxFileSize !== undefined && !isCount(maxFileSize, Number.MAX_SAFE_INTEGER), 'max_file_size', 'must be a whole number of bytes, from 1'),
];

const approval = ({ approval: wanted }: UncheckedPolicy): readonly Fault[] =>
  fault(wanted?.enabled === true && (wanted.approvers ?? []).length === 0, 'approval.approvers', 'must name somebody, or nothing could be signed');

/** Rejects with `request.invalid`, naming every field that is wrong. */
export const checkPolicy = (policy: UncheckedPolicy): void => {
  const faults = [allowlist, hours, extensions, limits, approval].flatMap((check) => check(policy));
  if (faults.length > 0) rejectFields(Object.fromEntries(faults));
};
