/** The shapes of webhooks and their deliveries in requests and answers. */
import Type, { type TSchema } from 'typebox';
import { GIVEN_POSITION, POSITION_WORDS } from '../../application/kernel/positions.ts';
import { PageQuery } from './page.ts';

const strict = { additionalProperties: false } as const;
const slug = () => Type.String({ minLength: 1, maxLength: 100, description: 'The tenant, by its slug' });
const UUID = '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$';
const uuid = (description: string) => Type.String({ pattern: UUID, 'x-expected': 'a UUID', description });
const instant = (description: string) => Type.String({ format: 'date-time', description: `${description}; RFC 3339` });
const nullable = <Schema extends TSchema>(schema: Schema, description: string) => Type.Union([schema, Type.Null()], { description });
const position = (description: string) => Type.String({ pattern: GIVEN_POSITION, 'x-expected': POSITION_WORDS, description, example: '00000000000000000042' });
const deliveryId = (description: string) => Type.String({ pattern: '^msg_[0-9A-Za-z_-]{1,190}$', 'x-expected': 'the id of a delivery', description });

/** More than there are. */
const MOST_TYPES = 200;
const LONGEST_OVERLAP_S = 604_800;
export const USUAL_OVERLAP_S = 86_400;

const url = () => Type.String({ minLength: 1, maxLength: 2_048, description: 'Where events are sent: https, to a public address, without user name, password and fragment; redirects are not followed. Kept sealed' });
const types = (description: string) => Type.Array(Type.String({ minLength: 1, maxLength: 200 }), { minItems: 1, maxItems: MOST_TYPES, description });
const description = () => Type.String({ maxLength: 500, pattern: '^[^\\p{Cc}\\p{Cs}]*$', 'x-expected': 'text without control characters and lone surrogates', description: 'For people' });
const format = () => Type.Enum(['application/json', 'application/cloudevents+json'], { description: 'The media type of deliveries; the body is a CloudEvent either way' });

export const WebhookParams = Type.Object({ slug: slug(), id: uuid('The endpoint') });
export const DeliveryParams = Type.Object({ slug: slug(), id: uuid('The endpoint'), delivery_id: deliveryId('The delivery: what receivers see as `webhook-id`') });

const Start = Type.Object(
  {
    position: Type.Optional(position('Only events after this position; 0: everything')),
    time: Type.Optional(instant('Only events from this time on')),
  },
  { ...strict, minProperties: 1, description: 'Where deliveries begin; now without' },
);

export const CreateWebhookBody = Type.Object(
  {
    url: url(),
    types: Type.Optional(nullable(types('Types of events'), 'The types of events to send, as `GET /event-schemas` lists them; null or absent: all of them')),
    description: Type.Optional(nullable(description(), 'For people')),
    content_type: Type.Optional(format()),
    start: Type.Optional(Start),
  },
  strict,
);

export const ChangeWebhookBody = Type.Object(
  {
    url: Type.Optional(url()),
    types: Type.Optional(nullable(types('Types of events'), 'null: all of them')),
    description: Type.Optional(nullable(description(), 'For people')),
    content_type: Type.Optional(format()),
    enabled: Type.Optional(Type.Boolean({ description: 'false: nothing is sent, until true lets it go on from where it stopped' })),
  },
  strict,
);

export const RotateSecretBody = Type.Object(
  {
    overlap_seconds: Type.Optional(
      Type.Integer({ minimum: 0, maximum: LONGEST_OVERLAP_S, description: `How long the keys before sign as well; 0: no longer at all; ${String(USUAL_OVERLAP_S)} without` }),
    ),
  },
  strict,
);

export const ReplayBody = Type.Object(
  {
    since: Type.Optional(instant('Events from this time on')),
    from_position: Type.Optional(position('Events after this position; 0: everything')),
    until: Type.Optional(instant('Events up to this time; up to now without')),
    types: Type.Optional(types('Only these types of events; those of the endpoint without')),
  },
  strict,
);

export const DeliveriesQuery = Type.Object({
  ...PageQuery.properties,
  status: Type.Optional(Type.Enum(['delivered', 'retrying', 'dead', 'failed'], { description: 'Only deliveries that stand so' })),
  event_type: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'Only deliveries of events of this type' })),
});

const webhook = {
  id: uuid('The endpoint'),
  url: nullable(url(), 'Where events are sent; null: it cannot be opened'),
  types: nullable(Type.Array(Type.String(), { description: 'Types of events' }), 'The types of events that are sent; null: all of them'),
  description: nullable(Type.String(), 'For people'),
  content_type: format(),
  status: Type.Enum(['enabled', 'disabled'], { description: 'Whether events are sent' }),
  problem: nullable(Type.Enum(['unreadable']), 'unreadable: the URL cannot be opened with the keys that are there, and nothing is sent until it is given again; null: there is none'),
  disabled_reason: nullable(Type.Enum(['gone', 'asked']), 'gone: the receiver answered 410; null: it is not disabled'),
  public_key: Type.String({ description: 'Of the signatures `v1a` (Ed25519): `whpk_` and 32 bytes in base64' }),
  rotated_at: nullable(Type.String({ format: 'date-time' }), 'When its keys were rotated; RFC 3339'),
  previous_until: nullable(Type.String({ format: 'date-time' }), 'How long the keys before sign as well; RFC 3339'),
  replay_id: nullable(Type.String(), 'A replay that is under way'),
  created_at: instant('When it was made'),
  updated_at: instant('When it last changed'),
};

export const WebhookReply = Type.Object(webhook, { description: 'A webhook endpoint' });

const secret = { secret: Type.String({ description: 'Of the signatures `v1` (HMAC-SHA-256): `whsec_` and 32 bytes in base64; shown this once' }) };

export const CreatedWebhookReply = Type.Object({ ...webhook, ...secret }, { description: 'A webhook endpoint with its secret' });

export const RotatedSecretReply = Type.Object(
  {
    ...secret,
    public_key: webhook.public_key,
    previous_until: nullable(Type.String({ format: 'date-time' }), 'How long the keys before sign as well; null: they do no more; RFC 3339'),
  },
  { description: 'The new keys' },
);

const reason = () => nullable(Type.Enum(['status', 'redirect', 'gone', 'timeout', 'unreachable', 'forbidden']), 'Why it failed; null: it did not');
const status = () => nullable(Type.Integer(), 'The HTTP status that the receiver answered with; null: there was no answer');
const duration = () => Type.Integer({ description: 'Milliseconds' });

export const TestReply = Type.Object(
  { delivery_id: deliveryId('What the receiver saw as `webhook-id`'), delivered: Type.Boolean({ description: 'Whether the receiver took it' }), status: status(), reason: reason(), duration_ms: duration() },
  { description: 'What came of a test' },
);

const Attempt = Type.Object(
  { attempt: Type.Integer({ description: 'From 1' }), at: instant('When it ended'), status: status(), reason: reason(), duration_ms: duration() },
  { description: 'An attempt' },
);

export const DeliveryReply = Type.Object(
  {
    id: deliveryId('What the receiver sees as `webhook-id`, the same over all attempts'),
    webhook_id: uuid('The endpoint'),
    event_id: Type.String({ description: 'The event' }),
    event_type: Type.String({ description: 'Its type' }),
    event_position: nullable(Type.String(), 'Its position in the log; null: it is a test'),
    status: Type.Enum(['delivered', 'retrying', 'dead', 'failed'], { description: 'retrying: there is another attempt; dead: only when somebody asks for it; failed: a test that was not taken' }),
    attempts: Type.Integer({ description: 'How many there were' }),
    next_at: nullable(Type.String({ format: 'date-time' }), 'When the next attempt is due; RFC 3339'),
    newest_attempts: Type.Array(Attempt, { description: 'The newest attempts, newest first' }),
    created_at: instant('When it was first tried'),
    updated_at: instant('When it was last tried'),
  },
  { description: 'A delivery' },
);

export const RetryReply = Type.Object({ delivery_id: deliveryId('The delivery') }, { description: 'It is tried again' });

export const ReplayReply = Type.Object(
  { replay_id: uuid('The replay: `replay_id` of the endpoint, while it is under way'), to_position: Type.String({ description: 'Up to this position; what is newer is sent anyway' }) },
  { description: 'A replay' },
);
