/** The shapes of requests and answers: each the source of its type, its validation and its place in the OpenAPI document. */
import Type, { type TSchema } from 'typebox';

export const nullable = <Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);
/** Text without NUL and without halves of surrogate pairs: what every store, and every reader of a list, can hold. */
export const text = (maxLength: number, options: object = {}) =>
  Type.String({ minLength: 1, maxLength, pattern: '^[^\\u0000\\p{Cs}]*$', 'x-expected': 'text without NUL and lone surrogates', ...options });
/** A time as it is written: UTC, in seconds, with a `Z` only where the client asked for it. */
export const time = (options: object = {}) =>
  Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}Z?$', example: '2025-06-15T10:30:00', ...options });

export const RootReply = Type.Object({
  service: Type.String(),
  tagline: Type.String(),
  version: Type.String(),
  docs: Type.String(),
  powered_by: Type.String(),
  get_started: Type.String(),
});

export const HealthReply = Type.Object({
  status: Type.Enum(['healthy', 'unhealthy']),
  service: Type.String(),
  qcos_available: Type.Boolean({ description: 'Whether the fingerprint engine answers its self-test' }),
  timestamp: time(),
});

export const PlansReply = Type.Array(
  Type.Object({ name: Type.String(), price_monthly: Type.String(), licenses_per_month: Type.Integer(), features: Type.Array(Type.String()) }),
);

const text255 = (description: string) => text(255, { description });
const features = () => Type.Array(Type.String());
const erased = 'null once the end customer has been erased';
const shownCustomer = () => nullable(Type.String({ description: erased }));

export const MAX_FEATURES = 100;
/** Bytes of JSON. */
export const MAX_METADATA = 16_384;

/**
 * Any request that is permitted fits: escaped, a character takes at most 12 bytes (10,255 of them in id and features) and a byte of metadata at
 * most 6; the rest is room for punctuation and white space.
 */
export const GENERATE_BODY_BYTES = 262_144;

export const GenerateBody = Type.Object({
  end_customer_id: text255('Unique ID of your end customer (e.g., email, user_id)'),
  features: Type.Array(text(100), { maxItems: MAX_FEATURES, default: [], description: 'Features to enable in the license' }),
  valid_days: Type.Integer({ minimum: 1, maximum: 3_650, default: 365, description: 'Validity days (1–3650)' }),
  metadata: Type.Union([Type.Unsafe<Readonly<Record<string, unknown>>>({ type: 'object', additionalProperties: true }), Type.Null()], {
    default: null,
    description: `Custom metadata, at most ${MAX_METADATA} bytes of JSON`,
  }),
});

export const GenerateReply = Type.Object({
  license_key: Type.String(),
  quantum_signature: nullable(Type.String({ description: 'Lower-case hexadecimal SHA3-256' })),
  end_customer_id: shownCustomer(),
  features: features(),
  valid_until: time(),
  quantum_verified: Type.Boolean(),
  qcos_fidelity: Type.Number({ minimum: 0, maximum: 1 }),
  security_level: Type.String(),
  generated_at: time(),
});

export const ValidateBody = Type.Object({
  license_key: text255('License key'),
  end_customer_id: text255('End customer ID (must match the generation)'),
});

export const ValidateReply = Type.Object({
  valid: Type.Boolean(),
  end_customer_id: Type.String({ description: 'As it was asked about' }),
  quantum_verified: Type.Boolean({ description: 'Whether the fingerprint was regenerated, and is the one of this license' }),
  message: Type.String(),
});

const status = () => Type.Enum(['active', 'expired', 'revoked'], { description: 'Revoked goes before expired' });

export const LicenceParams = Type.Object({ license_key: Type.String({ description: 'License key, in either case' }) });

export const ListQuery = Type.Object(
  {
    page: Type.Integer({ minimum: 1, maximum: 1_000_000_000, default: 1, description: 'Page number' }),
    per_page: Type.Integer({ minimum: 1, default: 50, description: 'Items per page (max: 100; more is taken as 100)' }),
    status_filter: Type.Optional(status()),
  },
  // A filter that is misspelt would show more than was asked for.
  { additionalProperties: false },
);

const listed = {
  id: Type.Integer({ minimum: 1, description: 'From 1, in the order of generation' }),
  license_key: Type.String(),
  end_customer_id: shownCustomer(),
  features: features(),
  valid_until: time(),
  created_at: time(),
};

export const ListReply = Type.Object({
  licenses: Type.Array(Type.Object({ ...listed, status: status(), revoked: Type.Boolean() })),
  total: Type.Integer(),
  page: Type.Integer(),
  per_page: Type.Integer(),
  total_pages: Type.Integer(),
});

export const DetailsReply = Type.Object({
  ...listed,
  quantum_signature: nullable(Type.String({ description: erased })),
  qcos_fidelity: Type.String({ pattern: '^[01]\\.\\d{4}$' }),
  status: status(),
  revoked: Type.Boolean(),
  revoked_at: nullable(time()),
  revoked_reason: nullable(Type.String({ description: erased })),
});

export const RevokeBody = Type.Object({
  reason: Type.Optional(nullable(text(2_000, { minLength: 0, description: 'Reason for revocation' }))),
});

export const RevokeReply = Type.Object({
  success: Type.Literal(true),
  license_key: Type.String(),
  revoked_at: time(),
  reason: nullable(Type.String()),
  message: Type.String(),
});

export const RevocationsQuery = Type.Object(
  { since: Type.Optional(Type.String({ maxLength: 100, description: 'Timestamp for incremental sync, inclusive: ISO 8601, UTC unless it says otherwise' })) },
  { additionalProperties: false },
);

export const RevocationsReply = Type.Object({
  revoked_ids: Type.Array(Type.String({ description: 'License keys, by the moment of their revocation' })),
  count: Type.Integer(),
  timestamp: time({ description: 'The moment before the list was read: `since` for the next time' }),
  position: nullable(Type.String({ description: 'The place in the log of the newest revocation in this list' })),
});

export const AccountReply = Type.Object({
  id: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
  name: Type.String({ description: 'The slug of the account' }),
  email: nullable(Type.String({ description: 'Of the owner who has been one for longest' })),
  company_name: Type.String(),
  plan: Type.String(),
  max_licenses_month: Type.Integer(),
  licenses_used_month: Type.Integer(),
  created_at: time(),
  email_verified: Type.Boolean(),
});

export const StatsReply = Type.Object({
  licenses_generated_month: Type.Integer(),
  licenses_remaining_month: Type.Integer(),
  plan: Type.String(),
  max_licenses_month: Type.Integer(),
});

export const ErrorBody = Type.Object({ detail: Type.String() });
