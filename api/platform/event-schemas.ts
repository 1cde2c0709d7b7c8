/** The shapes of events in questions and answers. */
import Type from 'typebox';
import { GIVEN_POSITION, POSITION_WORDS } from '../../application/kernel/positions.ts';
import { AUTH_TYPES } from '../../projections/fanout/cloud-events.ts';
import { pageOf, PageQuery } from './page.ts';

const instant = (description: string) => Type.String({ format: 'date-time', description: `${description}; RFC 3339` });
const position = (description: string) =>
  Type.String({ pattern: GIVEN_POSITION, 'x-expected': POSITION_WORDS, description, example: '00000000000000000042' });

/** The most types that one question may name: more than there are. */
const MOST_TYPES = 200;

export const EventsQuery = Type.Object({
  limit: PageQuery.properties.limit,
  after: Type.Optional(position('The `sequence` of an event, or `to_position` of a page: only what comes after it; from the beginning without')),
  cursor: Type.Optional(position('The `next_cursor` of the page before; the same as `after`')),
  stream: Type.Optional(Type.Boolean({ description: 'true: Server-Sent Events instead of a page, from the end of the log or from `after` on; a client that comes back says `Last-Event-ID`' })),
  type: Type.Optional(
    Type.Array(Type.String({ maxLength: 200 }), { maxItems: MOST_TYPES, description: 'Only events of this type; may be given several times' }),
  ),
});

export const AllEventsQuery = Type.Object({
  ...EventsQuery.properties,
  tenant: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: 'Only events of this tenant, by its slug' })),
});

export const CloudEventReply = Type.Object(
  {
    specversion: Type.Literal('1.0', { description: 'CloudEvents\' version' }),
    id: Type.String({ description: 'The event\'s id: the same wherever it is sent' }),
    source: Type.String({ description: '`/tenants/<tenant id>/<context>`' }),
    type: Type.String({ description: 'What happened; `GET /event-schemas` lists all types' }),
    subject: Type.String({ description: 'The id of what it happened to' }),
    time: instant('When'),
    datacontenttype: Type.Literal('application/json', { description: 'What `data` is' }),
    dataschema: Type.String({ description: 'Where the JSON Schema of `data` is' }),
    sequence: Type.String({ description: 'The position in the log, 20 digits, or 20 digits, a dash and 20 digits: comparing strings orders events' }),
    correlationid: Type.String({ description: 'The request that led here' }),
    causationid: Type.Optional(Type.String({ description: 'The event that led here' })),
    authtype: Type.Enum([...AUTH_TYPES], { description: 'Who is behind it' }),
    authid: Type.Optional(Type.String({ description: 'The user or credential; absent for strangers' })),
    tenant: Type.String({ description: 'The tenant\'s id' }),
    timestamp: instant('The same as `time`'),
    data: Type.Object({}, { description: 'What is told of it, by the type\'s schema' }),
  },
  { description: 'An event (CloudEvents 1.0)' },
);

export const EventPageReply = Type.Object(
  {
    ...pageOf(CloudEventReply, '').properties,
    to_position: Type.Union([Type.String(), Type.Null()], { description: 'The page holds all that there is up to here: ask `after` it for what comes later. null: the log is empty' }),
  },
  { description: 'A page of events, in the order of the log; it may hold fewer than `limit`, or none, and still not be the last' },
);

export const TypeParams = Type.Object({ type: Type.String({ minLength: 1, maxLength: 200, description: 'The type, by its name' }) });

export const EventTypesReply = pageOf(
  Type.Object(
    {
      type: Type.String({ description: 'Its name' }),
      summary: Type.String({ description: 'What happened' }),
      webhooks: Type.Boolean({ description: 'Whether webhooks may subscribe to it; a test is sent whatever they subscribe to' }),
      schema_url: Type.String({ description: 'Where the JSON Schema of its data is' }),
    },
    { description: 'A public type' },
  ),
  'All public types',
);

export const EventSchemaReply = Type.Object(
  {
    $schema: Type.String({ description: 'The dialect' }),
    $id: Type.String({ description: 'Where it is' }),
    title: Type.String({ description: 'The type' }),
    description: Type.String({ description: 'What happened' }),
  },
  { description: 'A JSON Schema (2020-12)' },
);
