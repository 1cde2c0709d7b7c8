/** The shapes of requests and answers: each the source of its type, its validation and its place in the OpenAPI document. */
import Type, { type TArrayOptions, type TSchema } from 'typebox';
import { FILE_KINDS } from '../../domain/signing/file-kind.ts';
import { OPERATION_STATUSES, REPORTED_RESULTS, SIGNING_SOURCES } from '../../domain/signing/operation.ts';
import { PLAN_STATUSES } from '../../domain/tenancy/terms.ts';

const nullable = <Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);
const UUID = '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$';
const uuid = (options: object = {}) => Type.String({ pattern: UUID, 'x-expected': 'a UUID', ...options });
const dateTime = () => Type.String({ format: 'date-time' });
/** Text without NUL and without halves of surrogate pairs: what every store, and every reader of an export, can hold. */
const text = (maxLength: number, options: object = {}) => Type.String({ minLength: 1, maxLength, pattern: '^[^\\u0000\\p{Cs}]*$', 'x-expected': 'text without NUL and lone surrogates', ...options });
/** The same, where nothing said is the same as nothing sent. */
const optionalText = (maxLength: number, options: object = {}) => Type.Optional(text(maxLength, { minLength: 0, ...options }));
const slug = () => Type.String({ minLength: 1, maxLength: 100, description: 'Organization slug' });

export const IdParams = Type.Object({ id: uuid() });
export const OrganizationQuery = Type.Object({ organization_slug: slug() });

export const SignDigestBody = Type.Object({
  digest: Type.String({
    // 32 bytes in canonical base64: the last character before the padding carries two bits of nothing.
    pattern: '^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$',
    'x-expected': 'the base64 of 32 bytes (44 characters)',
    description: 'Base64-encoded SHA-256 Authenticode digest (32 bytes)',
  }),
  algorithm: Type.Literal('sha256', { description: 'Hash algorithm used. Currently only "sha256"' }),
  file_name: text(1_024, { description: 'Original file name (for audit trail); its extension tells the kind of file' }),
  file_size: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'Original file size in bytes' }),
  organization_slug: slug(),
  batch_id: Type.Optional(uuid({ description: 'Group multiple sign requests under one batch' })),
  reason: optionalText(2_000, { description: 'Signing reason (required if org policy enforces it)' }),
  client_channel: Type.Optional(Type.Enum(['cli', 'github_action', 'api', 'dashboard'], { description: 'Source; "dashboard" only with a session' })),
  client_version: optionalText(100, { description: 'CLI or SDK version string' }),
  file_kind: Type.Optional(Type.Enum([...FILE_KINDS], { description: 'Kind of file, when its name does not tell' })),
  await_result: Type.Optional(
    Type.Boolean({ description: 'Whether the client will report what became of the embedding: the operation is `signed` until then, for 24 hours at most' }),
  ),
});

export const SignDigestReply = Type.Object({
  operation_id: uuid(),
  signature: Type.String({ description: 'PKCS#7 (DER, base64) with an RFC 3161 timestamp' }),
  certificate_chain: Type.Array(Type.String(), { description: 'DER, base64; leaf first, root last' }),
  timestamp: dateTime(),
  signed_at: dateTime(),
});

export const ResultBody = Type.Object({
  status: Type.Enum([...REPORTED_RESULTS], { description: 'What became of the embedding' }),
  error: optionalText(2_000, { description: 'Why it failed; only with embed_failed' }),
});
export const ResultReply = Type.Object({
  operation_id: uuid(),
  status: Type.Enum([...REPORTED_RESULTS]),
  reported_at: dateTime(),
});

const filters = {
  organization_slug: slug(),
  status: Type.Optional(Type.Enum([...OPERATION_STATUSES])),
  source: Type.Optional(Type.Enum([...SIGNING_SOURCES])),
  batch_id: Type.Optional(uuid()),
  actor_user_id: Type.Optional(uuid()),
  date_from: Type.Optional(Type.String({ description: 'Lower bound on created_at, inclusive: an ISO 8601 date (from 00:00 UTC) or date-time with offset' })),
  date_to: Type.Optional(Type.String({ description: 'Upper bound on created_at, inclusive: an ISO 8601 date (to the end of that UTC day) or date-time with offset' })),
};
/** A filter that is misspelt would show more than was asked for: it is refused. */
const strict = { additionalProperties: false } as const;

const page = { minimum: 1, maximum: 1_000_000_000 } as const;
const ALL = 'Taken as the list takes it, and ignored: an export holds everything';

export const ExportQuery = Type.Object(
  { ...filters, page: Type.Optional(Type.Integer({ ...page, description: ALL })), page_size: Type.Optional(Type.Integer({ minimum: 1, description: ALL })) },
  strict,
);
export const ListQuery = Type.Object(
  {
    ...filters,
    page: Type.Integer({ ...page, default: 1, description: 'Page number (default: 1)' }),
    page_size: Type.Integer({ minimum: 1, default: 50, description: 'Items per page (default: 50, max: 100; more is taken as 100)' }),
  },
  strict,
);

const summary = {
  id: uuid(),
  organization_id: uuid(),
  actor_user_id: uuid(),
  actor_email: nullable(Type.String({ description: 'null once the person has been erased' })),
  file_name: Type.String(),
  file_size: Type.Integer(),
};
const statusAndSource = { digest_algorithm: Type.String(), status: Type.Enum([...OPERATION_STATUSES]), source: Type.Enum([...SIGNING_SOURCES]) };

export const OperationsReply = Type.Object({
  items: Type.Array(
    Type.Object({ ...summary, ...statusAndSource, batch_id: nullable(uuid()), signed_at: nullable(dateTime()), created_at: dateTime() }),
  ),
  page: Type.Integer(),
  page_size: Type.Integer(),
  total: Type.Integer(),
});

export const OperationReply = Type.Object({
  ...summary,
  file_hash: Type.String({ description: 'The submitted digest, base64' }),
  ...statusAndSource,
  error: Type.Optional(Type.String({ description: 'Why the signature could not be embedded, as it was reported; absent when nothing was' })),
  client_channel: nullable(Type.String()),
  client_version: nullable(Type.String()),
  batch_id: nullable(uuid()),
  signed_at: nullable(dateTime()),
  duration_ms: nullable(Type.Integer({ description: 'From created_at to signed_at' })),
  created_at: dateTime(),
});

export const KEY_PERMISSIONS = ['sign', 'read_audit'] as const;
const permissions = (options: TArrayOptions = {}) => Type.Array(Type.Enum([...KEY_PERMISSIONS], { type: 'string' }), options);

export const CreateKeyBody = Type.Object({
  name: text(100, {
    pattern: '^[^\\p{Cc}\\p{Cs}\\u202A-\\u202E\\u2066-\\u2069]*$',
    'x-expected': 'text without control characters',
    description: 'Human-readable name for the key',
  }),
  permissions: permissions({ minItems: 1, maxItems: KEY_PERMISSIONS.length, uniqueItems: true }),
  expires_in_months: Type.Optional(Type.Integer({ minimum: 1, maximum: 24, description: 'Months until expiry (default: 6, max: 24)' })),
});

const keyHead = { id: uuid(), name: Type.String() };
const keyMiddle = { prefix: Type.String(), permissions: permissions(), expires_at: nullable(dateTime()) };

export const KeysReply = Type.Object({
  keys: Type.Array(
    Type.Object({
      ...keyHead,
      ...keyMiddle,
      days_until_expiry: nullable(Type.Integer()),
      last_used_at: nullable(dateTime()),
      use_count: Type.Integer(),
      created_at: dateTime(),
    }),
  ),
});
export const CreatedKeyReply = Type.Object({
  ...keyHead,
  key: Type.String({ description: 'The full key, shown this once' }),
  ...keyMiddle,
  created_at: dateTime(),
});
export const RevokedKeyReply = Type.Object({ id: uuid(), revoked_at: dateTime() });

const countOrUnlimited = () => Type.Union([Type.Integer(), Type.Literal('unlimited')]);

export const BillingReply = Type.Object({
  plan: Type.String(),
  status: Type.Enum([...PLAN_STATUSES]),
  current_period_end: dateTime(),
  cancel_at_period_end: Type.Boolean(),
  limits: Type.Object({ members: countOrUnlimited(), signing_operations: countOrUnlimited() }),
  usage: Type.Object({ members: Type.Integer(), signing_operations_this_period: Type.Integer() }),
  discount: nullable(Type.Object({ name: Type.String(), percent_off: Type.Number(), ends_at: dateTime() })),
});

export const LoginBody = Type.Object({
  email: Type.String({ minLength: 1, maxLength: 320 }),
  password: Type.String({ minLength: 1, maxLength: 1_024 }),
  organization_slug: Type.Optional(slug()),
  tenant: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: 'The same as organization_slug' })),
  totp: Type.Optional(Type.String({ maxLength: 50, description: 'A code of the second factor or a recovery code, where one is set up' })),
});
export const RefreshBody = Type.Object({ refresh_token: Type.String({ minLength: 1, maxLength: 4_096 }) });

export const ErrorBody = Type.Object({
  error: Type.Object({
    code: Type.String({ pattern: '^QWICK_[A-Z]+_\\d{3}$' }),
    message: Type.String(),
    details: Type.Object({}, { additionalProperties: true }),
    docs: Type.String({ format: 'uri' }),
  }),
  request_id: uuid(),
  api_version: Type.Literal('v1'),
});
export const envelope = (data: TSchema): TSchema => Type.Object({ data, request_id: uuid(), api_version: Type.Literal('v1') });
