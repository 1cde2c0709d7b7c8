/** Signing policies between the wire and the domain. */
import type { Static } from 'typebox';
import type { PolicyDraft } from '../../application/signing/policies.ts';
import type { Approver, SigningPolicy } from '../../domain/signing/policy.ts';
import type { SigningPolicyBody } from './signing-schemas.ts';

type Body = Static<typeof SigningPolicyBody>;

/** The wire's name of each member whose value is the same on both sides. */
const SAME = {
  requireSecondFactor: 'require_2fa',
  ipAllowlist: 'ip_allowlist',
  signingHours: 'signing_hours',
  allowedSources: 'allowed_sources',
  allowedExtensions: 'allowed_extensions',
  maxFileSize: 'max_file_size',
  requireReason: 'require_reason',
  lockdown: 'lockdown',
} as const satisfies Readonly<Partial<Record<keyof SigningPolicy, keyof Body>>>;

const names = Object.entries(SAME) as readonly (readonly [keyof typeof SAME, keyof Body])[];

const renamed = (from: Readonly<Record<string, unknown>>, pairs: readonly (readonly [from: string, to: string])[]): object =>
  Object.fromEntries(pairs.flatMap(([name, other]) => (from[name] === undefined ? [] : [[other, from[name]]])));

export const draftOf = (body: Body): PolicyDraft => ({
  ...renamed(body, names.map(([inner, outer]) => [outer, inner])),
  ...(body.approval && { approval: body.approval }),
  ...(body.per_user_limit && { perUserLimit: { count: body.per_user_limit.count, windowSeconds: body.per_user_limit.window_seconds } }),
});

export const approversOf = ({ approval }: SigningPolicy): readonly string[] => approval?.approvers?.map(({ userId }) => userId) ?? [];

/** As it was set; who has been erased is shown by their id. */
export const showPolicy = (policy: SigningPolicy, emails: ReadonlyMap<string, string>): Body => {
  const { approval, perUserLimit } = policy;
  const nameOf = ({ userId, named }: Approver): string => (named === 'email' ? emails.get(userId) : undefined) ?? userId;
  return {
    ...(renamed(policy, names) as Body),
    ...(approval && { approval: { enabled: approval.enabled, ...(approval.approvers && { approvers: approval.approvers.map(nameOf) }) } }),
    ...(perUserLimit && { per_user_limit: { count: perUserLimit.count, window_seconds: perUserLimit.windowSeconds } }),
  };
};
