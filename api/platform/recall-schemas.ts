/** The shapes of recalls and revocations. */
import Type, { type TSchema } from 'typebox';
import { OPERATION_STATUSES, SIGNING_SOURCES } from '../../domain/signing/operation.ts';
import { PageQuery } from './page.ts';

const UUID = '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$';
const uuid = (description: string) => Type.String({ pattern: UUID, 'x-expected': 'a UUID', description });
const instant = (description: string) => Type.String({ format: 'date-time', description: `${description}; RFC 3339` });
const nullable = <Schema extends TSchema>(schema: Schema, description: string) => Type.Union([schema, Type.Null()], { description });
/** Hex as tools print it, with or without colons. */
const HEX = '^[0-9a-fA-F](?:[0-9a-fA-F:]{0,98}[0-9a-fA-F])?$';

/** The names of RFC 5280, 5.3.1, that a code-signing certificate can be revoked for. */
export const REASONS = {
  unspecified: 'unspecified',
  keyCompromise: 'key_compromise',
  affiliationChanged: 'affiliation_changed',
  superseded: 'superseded',
  cessationOfOperation: 'cessation_of_operation',
} as const;
export type ReasonName = keyof typeof REASONS;
const REASON_NAMES = Object.keys(REASONS) as readonly ReasonName[];

export const CertificateParams = Type.Object({
  slug: Type.String({ minLength: 1, maxLength: 100, description: 'The tenant, by its slug' }),
  serial: Type.String({ pattern: HEX, 'x-expected': 'hex digits, with or without colons', description: 'The certificate\'s serial number in hex, with or without colons and leading zeros' }),
});

export const RevokeBody = Type.Object(
  {
    reason: Type.Enum([...REASON_NAMES, 'key_compromise', 'affiliation_changed', 'cessation_of_operation'], {
      description: 'Why, by its name in RFC 5280, 5.3.1; snake case is understood as well',
    }),
    at: Type.Optional(instant('Since when its signatures are not good any more; now without, never in the future nor before the certificate')),
  },
  { additionalProperties: false },
);

export const RevokedReply = Type.Object(
  {
    serial: Type.String({ description: 'Lower-case hex' }),
    reason: Type.Enum([...REASON_NAMES], { description: 'Its name in RFC 5280, 5.3.1' }),
    revoked_at: instant('Since when its signatures are not good any more'),
  },
  { description: 'A revoked certificate' },
);

export const RecallQuery = Type.Object(
  {
    certificate: Type.Optional(
      Type.String({ pattern: HEX, 'x-expected': 'hex digits, with or without colons', description: 'A certificate\'s serial number, with or without leading zeros, or the SHA-256 of its DER, 64 digits: hex, with or without colons' }),
    ),
    api_key: Type.Optional(uuid('A credential, by its id')),
    actor: Type.Optional(uuid('A person, by their user id')),
    from: Type.Optional(Type.String({ maxLength: 50, description: 'Asked for (`created_at`) since then, inclusive: an ISO 8601 date (from 00:00 UTC) or date-time with offset' })),
    to: Type.Optional(Type.String({ maxLength: 50, description: 'Asked for (`created_at`) until then, inclusive, not before `from`: an ISO 8601 date (to the end of that UTC day) or date-time with offset' })),
    ...PageQuery.properties,
  },
  // A condition that is misspelt would recall more than was asked for: it is refused.
  { additionalProperties: false },
);

const Certificate = Type.Object(
  { serial: Type.String({ description: 'Lower-case hex' }), sha256: Type.String({ description: 'Of its DER, lower-case hex' }) },
  { description: 'A certificate' },
);

export const RecalledReply = Type.Object(
  {
    operation_id: uuid('The operation'),
    status: Type.Enum([...OPERATION_STATUSES], { description: 'What became of it' }),
    actor_user_id: uuid('The person'),
    actor_email: nullable(Type.String(), 'null once the person has been erased'),
    api_key: nullable(uuid('The credential'), 'null: in a session'),
    source: Type.Enum([...SIGNING_SOURCES], { description: 'Where it was asked for' }),
    file_name: Type.String({ description: 'As the client said it' }),
    file_size: Type.Integer({ description: 'Bytes, as the client said it' }),
    file_hash: Type.String({ description: 'The digest, base64' }),
    batch_id: nullable(Type.String(), 'The batch, if it was part of one'),
    certificate: nullable(Certificate, 'null: no signature is known, and none has been answered'),
    pkcs7_sha256: nullable(Type.String(), 'Of the signature\'s DER, lower-case hex: by this it is recognised'),
    signed_at: nullable(Type.String({ format: 'date-time' }), 'When it was signed; RFC 3339'),
    created_at: instant('When it was asked for'),
  },
  { description: 'An operation' },
);

export const RecallReply = Type.Object(
  {
    items: Type.Array(RecalledReply, { description: 'Oldest first' }),
    count: Type.Integer({ description: 'How many there are, over all pages' }),
    to_position: nullable(Type.String(), 'Everything in the log up to here has been considered; null before the first event'),
    next_cursor: nullable(Type.String(), 'Leads to the next page; null on the last'),
    limit: Type.Integer({ description: 'The limit that was in force' }),
  },
  { description: 'Operations to be recalled' },
);
