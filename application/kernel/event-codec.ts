/**
 * Between events in code and events in storage. Writing validates (rubbish is refused); reading brings old versions up
 * to date, so that aggregates, projections and fan-out only ever see the newest one.
 */
import type { ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Message } from '../../domain/kernel/decider.ts';
import type { EventRow, Upcast } from './event-catalogue.ts';

/** As stored: `type` is `<context>.<Type>.v<n>`, `data` is JSON. */
export type StoredMessage = Readonly<{ type: string; data: string }>;

export interface EventCodec {
  encode(event: Message): StoredMessage;
  decode(stored: StoredMessage): Message;
  /** The same where the data has been parsed already. */
  upcast(stored: string, data: object): Message;
  /** Every stored name, of all versions, of the given types in code: what a feed's filter needs. */
  storedNames(types: readonly string[]): readonly string[];
  readonly types: readonly string[];
}

type Writer = Readonly<{ stored: string; schema: EventRow['schemas'][number] }>;
type Reader = Readonly<{ type: string; upcasts: readonly Upcast[] }>;

// What the schemas say is made sure of by the spec of the catalogue.
const ajv = new Ajv2020({ allErrors: false, strict: true, validateSchema: false, meta: false });
const compiled = new WeakMap<object, ValidateFunction>();

/** Compiled when the first event of its type is stored: all of them together would be a good part of a start. */
const validatorOf = (schema: EventRow['schemas'][number]): ValidateFunction => {
  const known = compiled.get(schema);
  if (known !== undefined) return known;
  const made = ajv.compile(schema);
  compiled.set(schema, made);
  return made;
};

const storedName = (row: EventRow, version: number): string => `${row.context}.${row.type}.v${version}`;

const checkRow = (row: EventRow, seen: ReadonlyMap<string, unknown>): void => {
  if (seen.has(row.type)) throw new Error(`two events are called ${row.type}`);
  if (row.upcasts.length !== row.schemas.length - 1) throw new Error(`${row.type} lacks an upcaster`);
};

export const createEventCodec = (catalogue: readonly EventRow[]): EventCodec => {
  const writers = new Map<string, Writer>();
  const readers = new Map<string, Reader>();
  const names = new Map<string, readonly string[]>();
  for (const row of catalogue) {
    checkRow(row, writers);
    const newest = row.schemas.at(-1);
    if (newest === undefined) throw new Error(`${row.type} has no schema`);
    writers.set(row.type, { stored: storedName(row, row.schemas.length), schema: newest });
    names.set(row.type, row.schemas.map((_, index) => storedName(row, index + 1)));
    for (let version = 1; version <= row.schemas.length; version += 1) {
      readers.set(storedName(row, version), { type: row.type, upcasts: row.upcasts.slice(version - 1) });
    }
  }
  return codec(writers, readers, names);
};

const codec = (
  writers: ReadonlyMap<string, Writer>,
  readers: ReadonlyMap<string, Reader>,
  names: ReadonlyMap<string, readonly string[]>,
): EventCodec => {
  const upcast = (stored: string, data: object): Message => {
    const reader = readers.get(stored);
    // A newer release may have written a type that this one does not know: it is passed on untouched, and ignored.
    if (reader === undefined) return { type: stored, data };
    return { type: reader.type, data: reader.upcasts.reduce<object>((older, step) => step(older as never), data) };
  };
  return {
    types: [...writers.keys()],
    encode: (event) => {
      const writer = writers.get(event.type);
      if (writer === undefined) throw new Error(`${event.type} is not in the event catalogue`);
      const validate = validatorOf(writer.schema);
      if (!validate(event.data)) {
        const first = validate.errors?.[0];
        throw new Error(`${event.type} does not fit its schema: ${first?.instancePath ?? ''} ${first?.message ?? ''}`);
      }
      return { type: writer.stored, data: JSON.stringify(event.data) };
    },
    decode: ({ type, data }) => upcast(type, JSON.parse(data) as object),
    upcast,
    storedNames: (types) =>
      types.flatMap((type) => names.get(type) ?? [(() => { throw new Error(`${type} is not in the event catalogue`); })()]),
  };
};
