/**
 * The public vocabulary of events, made from the log by pure maps: one row for each stored type, in `events`. What is stored may change
 * without anybody outside noticing; what is public changes by addition only.
 */
import type { TSchema } from 'typebox';
import type { Recorded } from '../../application/kernel/ports.ts';
import type { Message } from '../../domain/kernel/decider.ts';
import { accessRows } from './events/access.ts';
import { authoritiesRows } from './events/authorities.ts';
import { keysRows } from './events/keys.ts';
import { licensingRows } from './events/licensing.ts';
import { siemSinkRows } from './events/siem-sinks.ts';
import { signingRulesRows } from './events/signing-rules.ts';
import { signingRows } from './events/signing.ts';
import { tenancyRows } from './events/tenancy.ts';
import { transparencyRows } from './events/transparency.ts';
import { webhookRows } from './events/webhooks.ts';
import type { InsideRow, PublicRow } from './public-row.ts';

type AnyRow = PublicRow | InsideRow;

/** A row for each stored type (names in code), of the whole catalogue: a test holds it to that. */
export const integrationRows: Readonly<Record<string, AnyRow>> = {
  ...authoritiesRows, ...keysRows, ...licensingRows, ...signingRows, ...signingRulesRows, ...siemSinkRows, ...tenancyRows, ...accessRows, ...transparencyRows, ...webhookRows,
};

/** One public type. `stored` is the stored type (name in code) that it is made from. */
export type PublicType = Readonly<{ type: string; stored: string; summary: string; schema: TSchema; /** Whether webhooks may subscribe to it. */ webhooks: boolean }>;

const isPublic = (row: AnyRow): row is PublicRow => 'type' in row;

/** Every public type, in alphabetical order. */
export const publicTypes: readonly PublicType[] = Object.entries(integrationRows)
  .flatMap(([stored, row]) => (isPublic(row) ? [{ type: row.type, stored, summary: row.summary, schema: row.schema, webhooks: row.webhooks !== false }] : []))
  .toSorted((one, other) => (one.type < other.type ? -1 : 1));

const byType: ReadonlyMap<string, PublicType> = new Map(publicTypes.map((row) => [row.type, row]));

/** A public type by its name; undefined when there is none. */
export const publicType = (type: string): PublicType | undefined => byType.get(type);

/** Every stored type that something public is made from: what a feed of the public vocabulary asks for. */
export const storedTypes: readonly string[] = publicTypes.map(({ stored }) => stored);

/** What is said of an event before it is put into an envelope. */
export type IntegrationEvent = Readonly<{ type: string; subject: string; data: object }>;

/** Undefined for what stays inside, and for what only a newer release knows. */
export const integrationEvent = (recorded: Recorded): IntegrationEvent | undefined => {
  const row = Object.hasOwn(integrationRows, recorded.type) ? integrationRows[recorded.type] : undefined;
  if (row === undefined || !isPublic(row)) return undefined;
  // The row is that of the event's own type: what `PublicRows` says by the compiler, said once more here where types are names.
  const { type, subject, data } = row as PublicRow<Message['data']>;
  return { type, subject: subject(recorded.data, recorded), data: data(recorded.data, recorded) };
};
