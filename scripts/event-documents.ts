/**
 * Writes docs/events.md from the rows that make the events: `npm run documents`. A test holds the file to it.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { catalogue } from '../application/catalogue.ts';
import { integrationRows, publicType } from '../projections/fanout/integration-events.ts';
import { describedTypes, type DescribedType } from '../projections/fanout/test-event.ts';

type Shape = Readonly<{
  type?: string; format?: string; enum?: readonly string[]; description?: string; minimum?: number;
  properties?: Readonly<Record<string, Shape>>; items?: Shape; anyOf?: readonly Shape[];
}>;

const PLAIN: Readonly<Record<string, string>> = { 'date-time': 'time', uuid: 'UUID' };

/** A shape in a word or two. */
const kindOf = (shape: Shape): string => {
  if (shape.anyOf !== undefined) return shape.anyOf.map(kindOf).join(' or ');
  if (shape.enum !== undefined) return shape.enum.map((word) => `\`${word}\``).join(', ');
  if (shape.items !== undefined) return `list of ${kindOf(shape.items)}`;
  return PLAIN[shape.format ?? ''] ?? shape.type ?? 'anything';
};

/** The members of a shape, those of what is inside it with their path. */
const membersOf = (shape: Shape, path = ''): readonly (readonly [name: string, shape: Shape])[] => {
  const inner = shape.anyOf?.find(({ properties }) => properties !== undefined) ?? shape;
  return Object.entries(inner.properties ?? {}).flatMap(([name, member]) => [[`${path}${name}`, member] as const, ...membersOf(member, `${path}${name}.`)]);
};

const cell = (text: string): string => text.replaceAll('|', '\\|');

const contextOf = ({ type }: DescribedType): string => type.split('.')[1] as string;

const sectionOf = ({ type, summary, schema, webhooks }: DescribedType): string => {
  const rows = membersOf(schema).map(([name, member]) => `| \`${name}\` | ${cell(kindOf(member))} | ${cell(member.description ?? '')} |`);
  const besides = webhooks || publicType(type) === undefined ? '' : ' Not for webhooks.';
  return [`### ${type}`, '', `${summary}${besides}`, '', '| member | form | |', '|---|---|---|', ...rows].join('\n');
};

const insideRows = (): readonly string[] =>
  catalogue.flatMap(({ type, context }) => {
    const row = integrationRows[type];
    return row !== undefined && 'inside' in row ? [`| \`${context}.${type}\` | ${cell(row.inside)} |`] : [];
  });

const ENVELOPE = `# Events

What the log tells the world: webhooks, event streams and \`GET /platform/v1/events\` (for the operator) and
\`GET /platform/v1/tenants/{slug}/events\` (for the operator, and the tenant's owners and admins). This file is made from the program's own
tables by \`npm run documents\`; the JSON Schema of each type is served at \`/platform/v1/event-schemas/{type}\`, to everybody.

These types are a contract of their own. They change by addition only, so take no harm from members that you do not know; what would break you
becomes a new type whose name ends in \`.v2\`. People are named by their user ids, never by an address. No event holds a secret, and none what people
write in their own words about why they do something. File names, and names that people give to tenants and credentials, are passed on as they are.

## The envelope

An event is a CloudEvent 1.0 in JSON. It has \`timestamp\` besides, so that the same body is a Standard Webhook's.

| attribute | what it is |
|---|---|
| \`specversion\` | \`1.0\` |
| \`id\` | the event's id: the same wherever and however often it is sent. What arrives twice has the same |
| \`source\` | \`/tenants/<tenant id>/<context>\` |
| \`type\` | one of those below |
| \`subject\` | the id of what it happened to |
| \`time\`, \`timestamp\` | when it was recorded; RFC 3339, UTC |
| \`datacontenttype\` | \`application/json\` |
| \`dataschema\` | where the JSON Schema of \`data\` is served |
| \`sequence\` | the position in the log, 20 digits: comparing strings orders events, of all tenants. Positions have gaps for whoever sees a part. A test (\`chancery.delivery.webhook.tested\`) has none: it is not in the log, and whoever remembers the highest one would pass over what comes before it |
| \`correlationid\` | the request (or run) that led here; of HTTP requests their \`X-Request-ID\` |
| \`causationid\` | the id of the event that led here, where there is one |
| \`authtype\`, \`authid\` | who is behind it: \`user\` (a person), \`api_key\` (a credential), \`service_account\` (the operator), \`system\`, \`unauthenticated\` (without \`authid\`) |
| \`tenant\` | the tenant's id; \`00000000-0000-0000-0000-000000000000\` for the installation's own |
| \`data\` | what is told of it |

## Reading the log

\`?after=\` takes a \`sequence\`, or the \`to_position\` of a page: a page holds everything that there is up to there, so asking again after it misses
nothing. \`?type=\` (several times) and, for the operator, \`?tenant=\` (a slug) narrow it. A page may hold fewer events than its limit and still not be the
last: \`next_cursor\` is null at the end of the log only. A position that is malformed or beyond the end, and a type that there is not, are refused
by name (400).`;

export const eventDocument = (): string => {
  const contexts = [...new Set(describedTypes.map(contextOf))];
  const sections = contexts.flatMap((context) => [`## ${context}`, ...describedTypes.filter((type) => contextOf(type) === context).map(sectionOf)]);
  const inside = ['## What stays inside', '| stored type | why |\n|---|---|\n' + insideRows().join('\n')];
  return `${[ENVELOPE, ...sections, ...inside].join('\n\n')}\n`;
};

export const EVENT_DOCUMENT = join(import.meta.dirname, '../docs/events.md');

if (import.meta.main) writeFileSync(EVENT_DOCUMENT, eventDocument());
