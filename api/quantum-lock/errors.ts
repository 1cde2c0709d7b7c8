/** Every way in which this surface refuses: `{"detail": "<text>"}`, in the document's words where it has some. */
import type { Rejection, RejectionDetails } from '../../domain/kernel/rejection.ts';
import type { ErrorReply, Incoming } from '../kernel/surface.ts';

type Row = readonly [status: number, text: string | ((details: RejectionDetails) => string)];

const isFields = (value: unknown): value is Readonly<Record<string, string>> => typeof value === 'object' && value !== null;

const INVALID = 'Invalid request';

/** Names each field and what is wrong with it. */
const fields = ({ fields: named }: RejectionDetails): string => {
  const wrong = isFields(named) ? Object.entries(named).map(([name, what]) => `${name} ${what}`) : [];
  return wrong.length === 0 ? INVALID : `${INVALID}: ${wrong.join('; ')}`;
};

/** With the reason, which quotes nothing of the body. */
const json = ({ reason }: RejectionDetails): string => `${INVALID}: body is not valid JSON${typeof reason === 'string' ? ` (${reason})` : ''}`;

const API_KEY: Row = [401, 'Invalid or inactive API Key'];
const UNAVAILABLE: Row = [503, 'Service temporarily unavailable'];

const ROWS: Readonly<Record<string, Row>> = {
  'kernel.internal': [500, 'Internal server error'],
  'kernel.busy': UNAVAILABLE,
  'storage.unavailable': UNAVAILABLE,
  'storage.behind': UNAVAILABLE,
  'request.timeout': UNAVAILABLE,

  'licensing.api_key_invalid': API_KEY,
  // Ended between being let in and being acted for.
  'tenancy.credential_unknown': API_KEY,
  'tenancy.credential_revoked': API_KEY,
  'tenancy.credential_expired': API_KEY,
  'keys.service_token_invalid': [401, 'Invalid or inactive service token'],

  'request.invalid': [400, fields],
  'request.malformed_json': [400, json],
  'idempotency.key_invalid': [400, fields],
  'request.not_found': [404, 'Resource not found'],
  'request.method_not_allowed': [405, 'Method not allowed'],
  'request.unsupported_media_type': [415, 'Content-Type must be application/json, without encoding'],
  // The document knows no 413.
  'request.too_large': [400, `${INVALID}: body is too large`],
  'request.rate_limited': [429, 'Rate limit exceeded'],
  'idempotency.mismatch': [422, 'Idempotency-Key has been used with another request'],
  'idempotency.in_progress': [409, 'A request with this Idempotency-Key is being processed'],

  'keys.key_not_found': [404, 'Key not found'],
  'keys.public_only': [400, 'Key cannot sign: only its public key is known here'],

  'licensing.licence_not_found': [404, 'License not found'],
  'licensing.licence_revoked': [400, 'License already revoked'],
  'licensing.offline_forged': [400, 'Quantum signature mismatch'],
  'licensing.offline_revoked': [400, 'License revoked'],
  'licensing.offline_expired': [400, 'License expired'],
  'licensing.offline_erased': [400, 'End customer of the license has been erased'],
  'licensing.quota_exceeded': [429, 'Monthly license limit reached'],
  'licensing.lists_busy': [429, 'Too many revocation lists at once'],
  'licensing.generation_failed': [500, 'Internal generation error'],
};

const UNKNOWN: Row = [500, 'Internal server error'];
const rowOf = (code: string): Row => (Object.hasOwn(ROWS, code) ? (ROWS[code] ?? UNKNOWN) : UNKNOWN);

export const errorCatalogue: Readonly<Record<string, Readonly<{ status: number; description: string }>>> = Object.fromEntries(
  Object.entries(ROWS).map(([rejection, [status, text]]) => [rejection, { status, description: typeof text === 'string' ? text : text({}) }]),
);

/** RFC 9110, 11.6.1: a 401 names the scheme that is asked for. */
const challenge = (code: string): string => (code === 'keys.service_token_invalid' ? 'Bearer' : 'APIKey');

const GENERATE = '/api/v1/licenses/generate';
/** What goes wrong inside while a licence is generated has words of its own. */
const codeOf = ({ code }: Rejection, { path }: Pick<Incoming, 'path'>): string => (path === GENERATE && rowOf(code)[0] === UNKNOWN[0] ? 'licensing.generation_failed' : code);

/** An unknown code is an internal error, and shows nothing. */
export const renderError = (rejection: Rejection, incoming: Pick<Incoming, 'path'>): ErrorReply => {
  const [status, text] = rowOf(codeOf(rejection, incoming));
  return {
    status,
    body: { detail: typeof text === 'string' ? text : text(rejection.details) },
    ...(status === 401 && { headers: { 'WWW-Authenticate': challenge(rejection.code) } }),
  };
};
