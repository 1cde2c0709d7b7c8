/** What an organization allows to be signed. NOTE: a storage contract: never edit a version, add one. */
import type { Message } from '../kernel/decider.ts';
import type { SigningSource } from './operation.events.ts';

export type Weekday = 'mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun';

/** A person who may approve; `named` is how the policy was told of them, so that it is shown as it was set. */
export type Approver = Readonly<{ userId: string; named: 'email' | 'user_id' }>;

/** What is absent restricts nothing, and neither does an empty list. */
export type SigningPolicy = Readonly<{
  requireSecondFactor?: boolean;
  /** Addresses and CIDR ranges. */
  ipAllowlist?: readonly string[];
  approval?: Readonly<{ enabled: boolean; approvers?: readonly Approver[] }>;
  perUserLimit?: Readonly<{ count: number; windowSeconds: number }>;
  /** `from` and `to` as HH:MM in an IANA time zone; without days, each day. */
  signingHours?: Readonly<{ timezone: string; days?: readonly Weekday[]; from: string; to: string }>;
  allowedSources?: readonly SigningSource[];
  /** With or without dot, in any case. */
  allowedExtensions?: readonly string[];
  /** Bytes. */
  maxFileSize?: number;
  requireReason?: boolean;
  lockdown?: boolean;
}>;

/** The whole policy, in place of the one before. `setAt`: UTC, ISO 8601 with milliseconds. */
export type SigningPolicySet = Message<'SigningPolicySet', { policy: SigningPolicy; setAt: string }>;
