/** The shapes of SIEM sinks in requests and answers. */
import Type, { type TSchema } from 'typebox';
import { GIVEN_POSITION, POSITION_WORDS } from '../../application/kernel/positions.ts';
import { SINK_FAILURES } from '../../application/delivery/siem-ports.ts';

const strict = { additionalProperties: false } as const;
const UUID = '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$';
const uuid = (description: string) => Type.String({ pattern: UUID, 'x-expected': 'a UUID', description });
const slug = () => Type.String({ minLength: 1, maxLength: 100, description: 'The tenant, by its slug' });
const instant = (description: string) => Type.String({ format: 'date-time', description: `${description}; RFC 3339` });
const nullable = <Schema extends TSchema>(schema: Schema, description: string) => Type.Union([schema, Type.Null()], { description });
const words = (description: string) => Type.String({ minLength: 1, maxLength: 200, pattern: '^[^\\p{Cc}\\p{Cs}]+$', 'x-expected': 'text without control characters and lone surrogates', description });
/** RFC 9110, 5.5: what a header may hold, without obs-text. */
const headerValue = (description: string) => Type.String({ minLength: 1, maxLength: 4_000, pattern: '^[\\x21-\\x7e](?:[\\x20-\\x7e]*[\\x21-\\x7e])?$', 'x-expected': 'visible ASCII characters, and spaces between them', description });

const MOST_TYPES = 200;
const MEBIBYTE = 1_048_576;
export const USUAL_ROTATE_BYTES = 64 * MEBIBYTE;
export const USUAL_KEPT_FILES = 16;

export const SinkParams = Type.Object({ slug: slug(), id: uuid('The sink') });
export const OwnSinkParams = Type.Object({ id: uuid('The sink') });
export const NoParams = Type.Object({});

const kind = () =>
  Type.Enum(['ocsf-http', 'cef-syslog', 'ndjson-file', 'bus'], {
    description: 'ocsf-http: OCSF 1.8 events, POSTed as JSON arrays; cef-syslog: CEF in syslog (RFC 5424), by TCP (RFC 6587) or TLS (RFC 5425); ndjson-file: OCSF, one event a line, in files of the data directory; bus: OCSF, a message each. The last two are the operator\'s to make.',
  });
const port = () => Type.Integer({ minimum: 1, maximum: 65_535, description: 'cef-syslog: the port; 6514 is usual for TLS, 601 for TCP', example: 6_514 });
const transport = () => Type.Enum(['tcp', 'tls'], { description: 'cef-syslog: tls without; with it the certificate must be good for the host' });

const Header = () =>
  Type.Object(
    {
      name: Type.String({ pattern: '^[A-Za-z][A-Za-z0-9-]{0,99}$', 'x-expected': 'the name of a header', description: 'Its name', example: 'Authorization' }),
      value: headerValue('Its value; kept sealed, and never shown'),
    },
    { ...strict, description: 'ocsf-http: what the receiver knows the sender by, instead of a bearer token' },
  );

const where = {
  url: Type.Optional(Type.String({ minLength: 1, maxLength: 2_048, description: 'ocsf-http: where batches are POSTed: https, a public address, without user name, password and fragment; redirects are not followed. Kept sealed' })),
  bearer_token: Type.Optional(headerValue('ocsf-http: sent as `Authorization: Bearer …`; kept sealed, and never shown')),
  host: Type.Optional(Type.String({ minLength: 1, maxLength: 253, pattern: '^[A-Za-z0-9._:\\[\\]-]+$', 'x-expected': 'a host name or an address', description: 'cef-syslog: a public host' })),
  port: Type.Optional(port()),
  transport: Type.Optional(transport()),
  // Kafka takes names of up to 249, and ours begin with KAFKA_TOPIC_PREFIX, which has up to 60.
  topic: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9._-]{1,189}$', 'x-expected': 'up to 189 letters, digits, dots, hyphens and underscores', description: 'bus: the topic' })),
};
const rotateBytes = (without: string) => Type.Optional(Type.Integer({ minimum: MEBIBYTE, maximum: 1_024 * MEBIBYTE, description: `ndjson-file: about how large a file gets${without}` }));
const keepFiles = (without: string) => Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, description: `ndjson-file: how many full files are kept${without}` }));
const types = (description: string) => Type.Optional(nullable(Type.Array(Type.String({ minLength: 1, maxLength: 200 }), { minItems: 1, maxItems: MOST_TYPES, description: 'Types of events' }), description));

export const CreateSinkBody = Type.Object(
  {
    name: words('For people'),
    kind: kind(),
    ...where,
    header: Type.Optional(Header()),
    rotate_bytes: rotateBytes(`; ${String(USUAL_ROTATE_BYTES)} without`),
    keep_files: keepFiles(`; ${String(USUAL_KEPT_FILES)} without`),
    types: types('Only these types of events, as `GET /event-schemas` lists them; null or absent: all that are for a SIEM'),
    start: Type.Optional(
      Type.Object(
        {
          position: Type.Optional(Type.String({ pattern: GIVEN_POSITION, 'x-expected': POSITION_WORDS, description: 'Only events after this position; 0: everything' })),
          time: Type.Optional(instant('Only events from this time on')),
        },
        { ...strict, minProperties: 1, description: 'Where it begins; now without' },
      ),
    ),
  },
  strict,
);

export const ChangeSinkBody = Type.Object(
  {
    name: Type.Optional(words('For people')),
    ...where,
    header: Type.Optional(nullable(Header(), 'ocsf-http: what the receiver knows the sender by, instead of a bearer token; null: nothing any more')),
    rotate_bytes: rotateBytes(''),
    keep_files: keepFiles(''),
    types: types('Only these types of events; null: all that are for a SIEM. Of what it has passed nothing is sent again'),
  },
  strict,
);

const Trouble = Type.Object(
  {
    reason: Type.Enum([...SINK_FAILURES], { description: 'What is wrong' }),
    status: nullable(Type.Integer(), 'The HTTP status that the receiver answered with; null: there was none'),
    since: instant('When it began'),
    last_at: instant('When it was last seen'),
    attempts: Type.Integer({ description: 'How often since it began' }),
    next_at: instant('When it is tried again'),
  },
  { description: 'Why nothing goes through' },
);

const Skipped = Type.Object(
  { event_id: Type.String({ description: 'The event' }), position: Type.String({ description: 'Its position in the log' }), at: instant('When it was passed over') },
  { description: 'An event that the receiver found too large' },
);

export const SinkReply = Type.Object(
  {
    id: uuid('The sink'),
    name: Type.String({ description: 'For people' }),
    kind: kind(),
    url: nullable(Type.String(), 'ocsf-http: where batches go; null there: it cannot be opened'),
    header: nullable(Type.String(), 'ocsf-http: the name of the header that holds its secret'),
    host: nullable(Type.String(), 'cef-syslog: the host'),
    port: nullable(Type.Integer(), 'cef-syslog: the port'),
    transport: nullable(Type.Enum(['tcp', 'tls']), 'cef-syslog: by what'),
    rotate_bytes: nullable(Type.Integer(), 'ndjson-file: about how large a file gets'),
    keep_files: nullable(Type.Integer(), 'ndjson-file: how many full files are kept'),
    topic: nullable(Type.String(), 'bus: the topic'),
    types: nullable(Type.Array(Type.String(), { description: 'Types of events' }), 'The types of events that it gets; null: all that are for a SIEM'),
    status: Type.Enum(['active', 'failing', 'paused'], { description: 'failing: the receiver does not take what it is sent (`trouble`), or nothing can be sent (`problem`); nothing is dropped meanwhile' }),
    problem: nullable(Type.Enum(['unreadable']), 'unreadable: its URL or secret cannot be opened with the keys that are there, and nothing is sent until what is lost is given again; null: there is none'),
    position: nullable(Type.String(), 'Up to where in the log the receiver has what is for it; null: nothing yet'),
    head: nullable(Type.String(), 'Where the log ends'),
    lag: nullable(Type.Number(), 'Age in seconds of the oldest event between the two that may be for it; 0: there is none; null: it cannot be told just now, in the answer to a change that was made'),
    delivered: Type.Integer({ description: 'Events that the receiver has taken, repetitions included' }),
    last_delivered_at: nullable(Type.String({ format: 'date-time' }), 'When it last took some; RFC 3339'),
    skipped: Type.Integer({ description: 'Events that were passed over, because the receiver answered 413 to each of them alone; repetitions included' }),
    last_skipped: nullable(Skipped, 'The last of them; null: there was none'),
    trouble: nullable(Trouble, 'null: there is none'),
    created_at: instant('When it was made'),
  },
  { description: 'A SIEM sink, and how it is doing' },
);

export const SinkTestReply = Type.Object(
  {
    delivered: Type.Boolean({ description: 'Whether the receiver took it' }),
    reason: nullable(Type.Enum([...SINK_FAILURES]), 'Why not; null: it did'),
    status: nullable(Type.Integer(), 'The HTTP status of the receiver\'s refusal; null: there was none'),
    duration_ms: Type.Integer({ description: 'Milliseconds' }),
  },
  { description: 'What came of a test' },
);
