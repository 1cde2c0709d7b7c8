/** A signing policy as the public vocabulary has it. The addresses of its allow-list stay inside: only how many there are is told. */
import type { SigningPolicy } from '../../../domain/signing/policy.events.ts';
import { count, flag, list, nullable, shape, text, uuid, word } from '../shapes.ts';
import { SOURCES } from './signing-shapes.ts';

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

export const signingPolicy = shape(
  {
    require_2fa: flag('Whether signing takes a second factor'),
    ip_allowlist_entries: count('Addresses and ranges that signing is restricted to; 0: not restricted'),
    approval: nullable(
      shape({ enabled: flag('Whether each request waits for an approval'), approvers: list(uuid('A person'), 'Who may approve besides owners and admins') }),
      'null: no approval',
    ),
    per_user_limit: nullable(shape({ count: count('Signings'), window_seconds: count('Seconds') }), 'null: no limit'),
    signing_hours: nullable(
      shape({ timezone: text('IANA time zone'), days: list(word(DAYS, 'A day'), 'Empty: each day'), from: text('HH:MM'), to: text('HH:MM') }),
      'null: at any time',
    ),
    allowed_sources: list(word(SOURCES, 'A source'), 'Empty: all'),
    allowed_extensions: list(text('An extension'), 'Empty: all'),
    max_file_size: nullable(count('Bytes'), 'null: any'),
    require_reason: flag('Whether a reason must be given'),
    lockdown: flag('Whether nothing is signed'),
  },
  'The whole policy',
);

const toHours = ({ timezone, days = [], from, to }: NonNullable<SigningPolicy['signingHours']>) => ({ timezone, days, from, to });
const toApproval = ({ enabled, approvers = [] }: NonNullable<SigningPolicy['approval']>) => ({ enabled, approvers: approvers.map(({ userId }) => userId) });

const toRestrictions = ({ ipAllowlist, allowedSources = [], allowedExtensions = [], maxFileSize, perUserLimit }: SigningPolicy) => ({
  ip_allowlist_entries: ipAllowlist?.length ?? 0,
  allowed_sources: allowedSources,
  allowed_extensions: allowedExtensions,
  max_file_size: maxFileSize ?? null,
  per_user_limit: perUserLimit === undefined ? null : { count: perUserLimit.count, window_seconds: perUserLimit.windowSeconds },
});

export const toSigningPolicy = (policy: SigningPolicy) => ({
  ...toRestrictions(policy),
  require_2fa: policy.requireSecondFactor === true,
  approval: policy.approval === undefined ? null : toApproval(policy.approval),
  signing_hours: policy.signingHours === undefined ? null : toHours(policy.signingHours),
  require_reason: policy.requireReason === true,
  lockdown: policy.lockdown === true,
});
