/** The platform's errors: RFC 9457 problems, each with the stable code that it stands for. */
import { STATUS_CODES } from 'node:http';
import Type from 'typebox';
import type { Rejection, RejectionDetails } from '../../domain/kernel/rejection.ts';
import type { ErrorReply, Incoming } from '../kernel/surface.ts';

/** Of every error. */
export const PROBLEM = 'application/problem+json';

type Row = readonly [status: number, detail: string];

const ROWS: Readonly<Record<string, Row>> = {
  'request.invalid': [400, 'The request has invalid fields; `fields` says which and why.'],
  'request.malformed_json': [400, 'The body is not valid JSON.'],
  'request.unsupported_media_type': [415, 'The body must be application/json.'],
  'request.too_large': [413, 'The body is too large.'],
  'request.not_found': [404, 'There is nothing here.'],
  'request.method_not_allowed': [405, 'This path does not know the method.'],
  'request.timeout': [503, 'The answer took too long.'],
  'request.rate_limited': [429, 'Too many requests.'],
  'idempotency.key_invalid': [400, 'The Idempotency-Key is not one; `fields` says why.'],
  'idempotency.mismatch': [422, 'The Idempotency-Key has been used with another request.'],
  'idempotency.in_progress': [409, 'A request with this Idempotency-Key is still running.'],
  'storage.unavailable': [503, 'Nothing can be stored at the moment.'],
  'storage.behind': [503, 'The answer is not ready yet; try again.'],
  'kernel.busy': [503, 'Too much is going on at once; try again.'],
  'kernel.internal': [500, 'Something went wrong.'],
  'tenancy.unauthenticated': [401, 'The operator token or an access token is required as Bearer.'],
  'tenancy.token_invalid': [401, 'The token is not valid, or no longer.'],
  'tenancy.credentials_invalid': [401, 'E-mail address and password do not fit.'],
  'tenancy.refresh_invalid': [401, 'The refresh token is not valid, or no longer.'],
  'tenancy.refresh_reused': [401, 'The refresh token had been used before: its session has been ended.'],
  'tenancy.too_many_attempts': [429, 'Too many failed sign-ins.'],
  'tenancy.totp_required': [401, 'The account has a second factor: a code is required.'],
  'tenancy.totp_invalid': [400, 'The code is wrong, or has been used.'],
  'tenancy.totp_enabled': [409, 'A second factor is in force already.'],
  'tenancy.totp_not_proposed': [409, 'There is no second factor to confirm; begin by asking for a secret.'],
  'tenancy.code_invalid': [400, 'The code is not valid, or no longer.'],
  'tenancy.invitation_pending': [409, 'The address has been invited already.'],
  'tenancy.invitation_unknown': [404, 'There is no such invitation.'],
  'tenancy.invitation_accepted': [409, 'The invitation has been accepted.'],
  'tenancy.tenant_required': [409, 'The person belongs to several tenants; name one of `tenants`.'],
  'tenancy.operator_required': [403, 'Only the operator may do this.'],
  'tenancy.session_required': [403, 'Only a person with a session may do this.'],
  'tenancy.forbidden': [403, 'The role does not allow this.'],
  'tenancy.owner_required': [403, 'Only an owner may give or take ownership.'],
  'tenancy.tenant_unknown': [404, 'There is no such tenant.'],
  'tenancy.slug_taken': [409, 'The slug is taken.'],
  'tenancy.member_unknown': [404, 'There is no such member.'],
  'tenancy.member_exists': [409, 'The address belongs to a member already.'],
  'tenancy.member_limit': [403, 'The plan has no room for another member; `limit` says how many there may be.'],
  'tenancy.last_owner': [409, 'A tenant always has an owner; this is the last one.'],
  'tenancy.credential_exists': [409, 'Another attempt under the same Idempotency-Key has made the credential.'],
  'tenancy.credential_not_found': [404, 'There is no such credential.'],
  'tenancy.surface_not_served': [400, 'The surface is not served yet.'],
  'signing.approval_not_found': [404, 'There is no such approval.'],
  'signing.approver_required': [403, 'Only the operator, owners, admins, and approvers by the signing policy of this moment may do this.'],
  'signing.approval_own': [403, 'Nobody approves a request of their own.'],
  'signing.approval_decided': [409, 'The approval has been decided already.'],
  'signing.what_ifs_busy': [429, 'The tenant has as many what-ifs under way as there may be at once.'],
  'signing.approval_expired': [409, 'The approval is over.'],
  'authorities.certificate_unknown': [404, 'The tenant has no such certificate.'],
  'authorities.too_many_revocations': [429, 'The tenant has had as many certificates revoked in an hour as there may be; `limit` says how many.'],
  'authorities.certificate_revoked': [409, 'The certificate has been revoked before.'],
  'keys.key_exists': [409, 'The tenant has this key for this algorithm already.'],
  'keys.key_not_found': [404, 'There is no such key.'],
  'keys.version_not_found': [404, 'The key has no such version.'],
  'keys.version_signs': [409, 'The version signs: rotate the key first.'],
  'keys.public_only': [409, 'The private key is not here.'],
  'licensing.too_many_signing_keys': [409, 'The tenant has as many licence-signing keys as there may be; `limit` says how many.'],
  'keys.too_many_versions': [409, 'The key has as many versions that verify as there may be; retire some. `limit` says how many.'],
  'keys.too_many_keys': [409, 'The tenant has as many key versions that verify as there may be; retire some. `limit` says how many.'],
  'delivery.event_type_unknown': [404, 'There is no such type of event.'],
  'delivery.webhook_not_found': [404, 'There is no such webhook endpoint.'],
  'delivery.delivery_not_found': [404, 'There is no such delivery.'],
  'delivery.too_many_webhooks': [409, 'The tenant has as many webhook endpoints as there may be; `limit` says how many.'],
  'delivery.sink_not_found': [404, 'There is no such SIEM sink.'],
  'delivery.sink_changed': [409, 'The SIEM sink was changed by somebody else at the same time; look at it, and try again.'],
  'delivery.too_many_sinks': [409, 'There are as many SIEM sinks as there may be; `limit` says how many.'],
  'delivery.unreadable': [409, 'What is stored of the receiver cannot be opened with the keys that are there: its URL, and what it knows the sender by, have to be given anew.'],
  'delivery.webhook_disabled': [409, 'The webhook endpoint is disabled.'],
  'delivery.replay_running': [409, 'A replay to this webhook endpoint is under way.'],
  'delivery.not_repeatable': [409, 'A test is not repeated; send another.'],
  'platform.projection_unknown': [404, 'There is no such projection.'],
  'platform.job_unknown': [404, 'There is no such job.'],
  'platform.job_has_no_file': [409, 'The job has nothing to fetch, not yet, or no longer.'],
};

const INTERNAL: Row = [500, 'Something went wrong.'];

/** What of a rejection's details a caller gets to see, by the name it has there. */
const SHOWN: Readonly<Record<string, string>> = { fields: 'fields', tenants: 'tenants', surface: 'surface', slug: 'slug', limit: 'limit', retryAfter: 'retry_after' };

const shown = (details: RejectionDetails): object =>
  Object.fromEntries(Object.entries(SHOWN).flatMap(([name, member]) => (details[name] === undefined ? [] : [[member, details[name]]])));

export const ProblemBody = Type.Object(
  {
    type: Type.String({ description: 'Always about:blank: the code says more than a type could' }),
    title: Type.String({ description: 'What the status means' }),
    status: Type.Integer({ description: 'The HTTP status' }),
    detail: Type.String({ description: 'What went wrong, for people' }),
    instance: Type.String({ description: 'The path that was asked for' }),
    code: Type.String({ description: 'What went wrong, for programs' }),
    request_id: Type.String({ description: 'Names the request in the server\'s logs' }),
    fields: Type.Optional(Type.Record(Type.String(), Type.String(), { description: 'What is wrong, by field' })),
    tenants: Type.Optional(Type.Array(Type.String(), { description: 'The slugs to choose from' })),
    surface: Type.Optional(Type.String({ description: 'The surface that is not served' })),
    slug: Type.Optional(Type.String({ description: 'The slug that is taken' })),
    limit: Type.Optional(Type.Number({ description: 'The limit that is reached' })),
    retry_after: Type.Optional(Type.Number({ description: 'Seconds after which to try again' })),
  },
  { description: 'A problem (RFC 9457)' },
);

export const errorCatalogue: Readonly<Record<string, Readonly<{ status: number; description: string }>>> = Object.fromEntries(
  Object.entries(ROWS).map(([code, [status, description]]) => [code, { status, description }]),
);

/** An unknown code is an internal error, and shows nothing. */
export const createRenderError = (mount: string) => ({ code, details }: Rejection, { requestId, path }: Incoming): ErrorReply => {
  const row = Object.hasOwn(ROWS, code) ? ROWS[code] : undefined;
  const [status, detail] = row ?? INTERNAL;
  return {
    status,
    contentType: PROBLEM,
    body: {
      type: 'about:blank',
      title: STATUS_CODES[status],
      status,
      detail,
      instance: `${mount}${path}`,
      code: row === undefined ? 'kernel.internal' : code,
      request_id: requestId,
      ...(row !== undefined && status !== 500 && shown(details)),
    },
    // RFC 9110, 11.6.1: a 401 names the scheme that is asked for.
    ...(status === 401 && { headers: { 'WWW-Authenticate': 'Bearer' } }),
  };
};
