/**
 * The catalogue of everything that may be stored. A row gives an event its stored name (`signing.SigningCompleted.v1`), the
 * schema of each version ever stored, and the steps that bring an older version to the next one.
 */
import type { Static, TSchema } from 'typebox';
import type { Message } from '../../domain/kernel/decider.ts';

/** A pure step from the data of one version to the data of the next. */
export type Upcast = (data: never) => object;

export type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;

export type EventVersions<Data = unknown> = Readonly<{
  /** Index 0 is v1. */
  schemas: readonly TSchema[];
  /** Index 0 brings v1 to v2; one fewer than the schemas. */
  upcasts: readonly Upcast[];
  /** Exists for the compiler alone: the newest schema and the domain's type must say the same. */
  latest?: (data: Data) => Data;
}>;

export type EventRow = Readonly<{ type: string; context: string } & Pick<EventVersions, 'schemas' | 'upcasts'>>;

type Rows<Event extends Message> = {
  readonly [Type in Event['type']]: EventVersions<DeepReadonly<Extract<Event, { type: Type }>['data']>>;
};

/** One row for each event of a context: the compiler names the one that was forgotten. */
export const defineEvents = <Event extends Message>(context: string, rows: Rows<Event>): readonly EventRow[] =>
  Object.entries(rows as Readonly<Record<string, EventVersions>>).map(([type, { schemas, upcasts }]) => ({
    type,
    context,
    schemas,
    upcasts,
  }));

/** A type that has only ever had one version. */
export const v1 = <Schema extends TSchema>(schema: Schema): EventVersions<DeepReadonly<Static<Schema>>> => ({
  schemas: [schema],
  upcasts: [],
});

/** A type with a history: its older schemas, each with the step out of it, and the newest schema. */
export const versions = <Schema extends TSchema>(
  history: readonly (readonly [TSchema, Upcast])[],
  newest: Schema,
): EventVersions<DeepReadonly<Static<Schema>>> => ({
  schemas: [...history.map(([schema]) => schema), newest],
  upcasts: history.map(([, upcast]) => upcast),
});
