/** Every way in which this surface refuses: the document's codes, and which of them each rejection becomes. */
import type { Rejection, RejectionDetails } from '../../domain/kernel/rejection.ts';
import type { ErrorReply, Incoming } from '../kernel/surface.ts';

/** The document's table: code → HTTP status and description, which is also the message shown. */
export const QWICK_CODES = {
  QWICK_INFRA_000: [500, 'Internal server error'],
  QWICK_SIGN_101: [429, 'Queue timeout exceeded'],
  QWICK_SIGN_102: [503, 'Failed to acquire signing credential (Azure still provisioning)'],
  QWICK_SIGN_103: [502, 'Azure signing service returned an error'],
  QWICK_SIGN_104: [502, 'Transient Azure error (safe to retry)'],
  QWICK_AUTH_300: [401, 'Invalid credentials'],
  QWICK_AUTH_301: [401, 'Access token expired or invalid'],
  QWICK_AUTH_302: [401, 'Refresh token revoked or expired'],
  QWICK_AUTH_303: [403, 'Insufficient role or permission'],
  QWICK_AUTH_304: [401, 'API key revoked or expired'],
  QWICK_AUTH_305: [429, 'Too many authentication attempts'],
  QWICK_POLICY_400: [403, '2FA required by organization policy'],
  QWICK_POLICY_401: [403, 'IP address not in allowlist'],
  QWICK_POLICY_402: [409, 'Approval pending (approval workflow enabled)'],
  QWICK_POLICY_403: [429, 'Per-user rate limit exceeded'],
  QWICK_POLICY_404: [403, 'Outside allowed signing hours'],
  QWICK_POLICY_407: [403, 'Source not allowed by policy'],
  QWICK_POLICY_408: [403, 'File extension not allowed by policy'],
  QWICK_POLICY_409: [413, 'File size exceeds policy limit'],
  QWICK_POLICY_415: [403, 'Organization signing is locked down'],
  QWICK_API_600: [400, 'Request validation failed'],
  QWICK_API_601: [409, 'Resource conflict'],
  QWICK_API_602: [404, 'Resource not found in tenant scope'],
  QWICK_API_604: [429, 'Rate limit exceeded'],
  QWICK_BILLING_700: [403, 'Plan limit reached'],
  QWICK_BILLING_701: [403, 'Subscription cancelled — signing disabled'],
  QWICK_BILLING_702: [429, 'Free tier annual signing limit reached'],
} as const satisfies Readonly<Record<string, readonly [status: number, description: string]>>;

export type QwickCode = keyof typeof QWICK_CODES;

type Row = Readonly<{
  code: QwickCode;
  /** Where HTTP has a truer word than the code's own status. */
  status?: number;
  details?: (details: RejectionDetails) => object;
}>;

const isSeconds = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

const retry = ({ retryAfter }: RejectionDetails): object => (isSeconds(retryAfter) ? { retry_after: Math.max(1, Math.ceil(retryAfter)) } : {});
const fields = ({ fields: named }: RejectionDetails): object => ({ fields: named ?? {} });
const field = (name: string, wrong: string) => (): object => ({ fields: { [name]: wrong } });
const required = (details: RejectionDetails): object => ('required' in details ? { required: details['required'] } : {});
const limitOf = ({ limit }: RejectionDetails): object => (Number.isSafeInteger(limit) ? { limit } : {});
const statusNow = ({ status }: RejectionDetails): object => (status === undefined ? {} : { status });
const totp = (): object => ({ required: 'totp' });
const session = (): object => ({ required: 'session' });
const organizations = ({ tenants }: RejectionDetails): object => ({ organizations: tenants });

const approval = ({ approvalId, status, expiresAt }: RejectionDetails): object => ({
  approval_id: approvalId,
  status: status === 'granted' ? 'approved' : status,
  expires_at: expiresAt,
});

/** Whose code the document lacks (405, 413, 415, 422, 503), the nearest one stands, under HTTP's own status. */
const ROWS: Readonly<Record<string, Row>> = {
  'kernel.internal': { code: 'QWICK_INFRA_000' },
  'kernel.busy': { code: 'QWICK_INFRA_000', status: 503, details: retry },
  'storage.unavailable': { code: 'QWICK_INFRA_000', status: 503, details: retry },
  'storage.behind': { code: 'QWICK_INFRA_000', status: 503, details: retry },
  'request.timeout': { code: 'QWICK_INFRA_000', status: 503 },

  'signing.queue_timeout': { code: 'QWICK_SIGN_101', details: retry },
  'signing.backend_provisioning': { code: 'QWICK_SIGN_102', details: retry },
  'signing.backend_failed': { code: 'QWICK_SIGN_103' },
  'signing.backend_transient': { code: 'QWICK_SIGN_104', details: retry },
  // Its signature came after the operation was given up, and goes nowhere.
  'signing.operation_timed_out': { code: 'QWICK_SIGN_104' },
  // Revoked while it was being used, and the next one, too.
  'signing.certificate_revoked': { code: 'QWICK_SIGN_104' },

  'signing.forbidden': { code: 'QWICK_AUTH_303', details: required },
  // Removed between being let in and being acted for.
  'tenancy.member_unknown': { code: 'QWICK_AUTH_303' },
  'signing.session_required': { code: 'QWICK_AUTH_303', details: session },

  'signing.policy_reason': { code: 'QWICK_API_600', details: fields },
  'signing.policy_lockdown': { code: 'QWICK_POLICY_415' },
  'signing.policy_address': { code: 'QWICK_POLICY_401' },
  'signing.policy_second_factor': { code: 'QWICK_POLICY_400' },
  'signing.policy_hours': { code: 'QWICK_POLICY_404' },
  'signing.policy_source': { code: 'QWICK_POLICY_407' },
  'signing.policy_extension': { code: 'QWICK_POLICY_408' },
  'signing.policy_file_size': { code: 'QWICK_POLICY_409' },
  'signing.policy_user_rate': { code: 'QWICK_POLICY_403', details: retry },
  'signing.policy_approval': { code: 'QWICK_POLICY_402', details: approval },

  'request.invalid': { code: 'QWICK_API_600', details: fields },
  'request.malformed_json': { code: 'QWICK_API_600', details: field('body', 'is not valid JSON') },
  'request.unsupported_media_type': { code: 'QWICK_API_600', status: 415, details: field('Content-Type', 'must be application/json, without encoding') },
  'request.too_large': { code: 'QWICK_API_600', status: 413, details: field('body', 'is too large') },
  'request.method_not_allowed': { code: 'QWICK_API_600', status: 405, details: field('method', 'is not allowed here') },
  'idempotency.key_invalid': { code: 'QWICK_API_600', details: fields },
  'idempotency.mismatch': { code: 'QWICK_API_600', status: 422, details: field('Idempotency-Key', 'has been used with another request') },
  'idempotency.in_progress': { code: 'QWICK_API_601', details: retry },
  'signing.operation_exists': { code: 'QWICK_API_601' },
  'signing.operation_settled': { code: 'QWICK_API_601' },
  'signing.result_reported': { code: 'QWICK_API_601', details: statusNow },
  'signing.result_unexpected': { code: 'QWICK_API_601', details: statusNow },
  'signing.key_already_revoked': { code: 'QWICK_API_601' },
  'request.not_found': { code: 'QWICK_API_602' },
  'signing.organization_not_found': { code: 'QWICK_API_602' },
  'signing.operation_not_found': { code: 'QWICK_API_602' },
  'request.rate_limited': { code: 'QWICK_API_604', details: retry },
  'signing.exports_busy': { code: 'QWICK_API_604', details: retry },

  'signing.limit_reached': { code: 'QWICK_BILLING_700', details: limitOf },
  'signing.free_limit_reached': { code: 'QWICK_BILLING_702', details: (details) => ({ ...limitOf(details), ...retry(details) }) },
  'signing.subscription_cancelled': { code: 'QWICK_BILLING_701' },

  'tenancy.credentials_invalid': { code: 'QWICK_AUTH_300' },
  'tenancy.totp_required': { code: 'QWICK_AUTH_300', details: totp },
  'tenancy.refresh_invalid': { code: 'QWICK_AUTH_302' },
  'tenancy.refresh_reused': { code: 'QWICK_AUTH_302' },
  'tenancy.too_many_attempts': { code: 'QWICK_AUTH_305', details: retry },
  'tenancy.tenant_required': { code: 'QWICK_API_601', details: organizations },
  // Made by another attempt under the same Idempotency-Key, which was answered with its secret.
  'tenancy.credential_exists': { code: 'QWICK_API_601' },
  'tenancy.credential_not_found': { code: 'QWICK_API_602' },
  'tenancy.token_invalid': { code: 'QWICK_AUTH_301' },
  'tenancy.credential_unknown': { code: 'QWICK_AUTH_304' },
  'tenancy.credential_revoked': { code: 'QWICK_AUTH_304' },
  'tenancy.credential_expired': { code: 'QWICK_AUTH_304' },
};

const UNKNOWN: Row = { code: 'QWICK_INFRA_000' };
const rowOf = (code: string): Row => (Object.hasOwn(ROWS, code) ? (ROWS[code] ?? UNKNOWN) : UNKNOWN);
/** The document's code for a rejection. */
export const qwickCodeOf = (rejection: string): QwickCode => rowOf(rejection).code;

const statusOf = ({ code, status }: Row): number => status ?? QWICK_CODES[code][0];

export const errorCatalogue: Readonly<Record<string, Readonly<{ status: number; description: string }>>> = Object.fromEntries(
  Object.entries(ROWS).map(([rejection, row]) => [
    rejection,
    { status: statusOf(row), description: `${row.code}: ${QWICK_CODES[row.code][1]}` },
  ]),
);

export const API_VERSION = 'v1';

/** An unknown code is an internal error, and shows nothing. */
export const renderError = (rejection: Rejection, { requestId }: Pick<Incoming, 'requestId'>): ErrorReply => {
  const row = rowOf(rejection.code);
  const status = statusOf(row);
  const { code, details } = row;
  const error = {
    code,
    message: QWICK_CODES[code][1],
    details: details?.(rejection.details) ?? {},
    docs: `https://docs.qwickcert.com/errors/${code}`,
  };
  return {
    status,
    body: { error, request_id: requestId, api_version: API_VERSION },
    // RFC 9110, 11.6.1: a 401 names the scheme that is asked for.
    ...(status === 401 && { headers: { 'WWW-Authenticate': 'Bearer' } }),
  };
};
