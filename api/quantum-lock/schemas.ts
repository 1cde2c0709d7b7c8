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

export const ErrorBody = Type.Object({ detail: Type.String() });
