/** The shapes of signing policies and approvals. */
import Type, { type TSchema } from 'typebox';
import { SIGNING_SOURCES } from '../../domain/signing/operation.ts';
import { WEEKDAYS } from '../../domain/signing/policy.ts';

const strict = { additionalProperties: false } as const;
const UUID = '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$';
const uuid = (description: string) => Type.String({ pattern: UUID, 'x-expected': 'a UUID', description });
const text = (maxLength: number, description: string) => Type.String({ minLength: 1, maxLength, description });
const instant = (description: string) => Type.String({ format: 'date-time', description: `${description}; RFC 3339` });
const nullable = <Schema extends TSchema>(schema: Schema, description: string) => Type.Union([schema, Type.Null()], { description });
const list = <Item extends TSchema>(item: Item, maxItems: number, description: string) =>
  Type.Optional(Type.Array(item, { maxItems, uniqueItems: true, description: `${description}; an empty list restricts nothing` }));
const flag = (description: string) => Type.Optional(Type.Boolean({ description }));

export const ApprovalParams = Type.Object({ slug: text(100, 'The tenant, by its slug'), id: uuid('The approval') });

export const SigningPolicyBody = Type.Object(
  {
    require_2fa: flag('Only sessions with a second factor, and keys made in one or by the operator'),
    ip_allowlist: list(text(64, 'An IP address, or a range in CIDR form'), 1_000, 'Addresses that may ask for signatures'),
    approval: Type.Optional(
      Type.Object(
        {
          enabled: Type.Boolean({ description: 'Whether signatures wait for an approval' }),
          approvers: Type.Optional(
            Type.Array(text(254, 'A member, by e-mail address or user id'), { maxItems: 100, description: 'Who may approve, and never their own requests' }),
          ),
        },
        { ...strict, description: 'Approvals' },
      ),
    ),
    per_user_limit: Type.Optional(
      Type.Object(
        {
          count: Type.Integer({ description: 'Signings in the window, 1 to 10,000' }),
          window_seconds: Type.Integer({ description: 'Seconds of the trailing window, at most 31 days' }),
        },
        { ...strict, description: 'How often one person may sign, their keys included' },
      ),
    ),
    signing_hours: Type.Optional(
      Type.Object(
        {
          timezone: text(64, 'IANA time zone'),
          days: list(Type.Enum([...WEEKDAYS], { type: 'string' }), 7, 'Days on which a window begins'),
          from: text(5, 'HH:MM, included'),
          to: text(5, 'HH:MM, excluded; not after `from`: on the next day'),
        },
        { ...strict, description: 'When signing is open' },
      ),
    ),
    allowed_sources: list(Type.Enum([...SIGNING_SOURCES], { type: 'string' }), SIGNING_SOURCES.length, 'Where requests may come from'),
    allowed_extensions: list(text(51, 'A file extension, with or without dot, in any case'), 200, 'Which files may be signed'),
    max_file_size: Type.Optional(Type.Integer({ description: 'Bytes' })),
    require_reason: flag('Whether requests must say why'),
    lockdown: flag('Nothing is signed'),
  },
  { ...strict, description: 'A signing policy; what is absent restricts nothing' },
);

export const WhatIfBody = Type.Object(
  { policy: SigningPolicyBody, days: Type.Integer({ minimum: 1, maximum: 366, description: 'How many times 24 hours to go back' }) },
  strict,
);

export const WhatIfReply = Type.Object(
  {
    considered: Type.Integer({ description: 'Attempts of these days: signed, refused by the policy of their time, or turned away by plan or queue' }),
    refused: Type.Integer({ description: 'How many of them the candidate refuses' }),
    by_code: Type.Record(Type.String(), Type.Integer(), { description: 'How many by which rule: the code that the request would get' }),
    items: Type.Array(
      Type.Object({
        operation_id: uuid('The operation; of an attempt that was refused, the one that would have begun'),
        code: Type.String({ description: 'The code that the request would get' }),
        at: instant('When it was asked'),
        was: Type.Enum(['let_through', 'refused', 'turned_away'], { description: 'What became of it: `refused` by the policy of its time, `turned_away` by plan or queue' }),
      }),
      { description: 'The refused ones, oldest first, at most 1,000' },
    ),
    items_truncated: Type.Boolean({ description: 'There are more refused ones than items' }),
    unknown_addresses: Type.Integer({ description: 'Attempts of erased people, whose addresses nobody can tell any more: the allow-list was not asked about them' }),
    to_position: nullable(Type.String(), 'All of the log up to this position is in it, and nothing after; null while the log is empty'),
  },
  { description: 'What the candidate would have done' },
);

export const APPROVAL_STATUSES = ['pending', 'approved', 'rejected', 'used', 'expired'] as const;

export const ApprovalReply = Type.Object(
  {
    id: uuid('The approval'),
    status: Type.Enum([...APPROVAL_STATUSES], { description: 'How far it is' }),
    requester_user_id: uuid('Who asks to sign'),
    requester_email: nullable(Type.String(), 'null once the person has been erased'),
    digest: Type.String({ description: 'SHA-256 Authenticode digest, base64: what is approved' }),
    file_name: Type.String({ description: 'As the first request said' }),
    file_size: Type.Integer({ description: 'Bytes' }),
    source: Type.Enum([...SIGNING_SOURCES], { description: 'Where the request came from' }),
    reason: nullable(Type.String(), 'null when none was given'),
    requested_at: instant('When it was asked for'),
    expires_at: instant('From then on it is neither decided nor used'),
    approver_user_id: nullable(Type.String(), 'Who has decided; null before, and when it was the operator'),
    approver_email: nullable(Type.String(), 'null before, when it was the operator, and once the person has been erased'),
    decided_by: nullable(Type.Enum(['operator', 'member'], { type: 'string' }), 'Whether the operator or a member has decided; null before'),
    decided_at: nullable(Type.String({ format: 'date-time' }), 'When it was decided; RFC 3339'),
    operation_id: nullable(Type.String(), 'The operation that has used it'),
  },
  { description: 'An approval' },
);
