/**
 * Schemas (JSON Schema 2020-12) as values, with the types that TypeBox derives from them. TypeBox is asked for types only: what it would make
 * are the same plain objects, and its 370 modules would be a tenth of a start. A spec compares each of these with TypeBox's own.
 */
import type TypeBox from 'typebox';
import type { TSchema } from 'typebox';

type Names = 'Array' | 'Boolean' | 'Enum' | 'Integer' | 'Literal' | 'Null' | 'Number' | 'Object' | 'Optional' | 'Partial' | 'Record' | 'String' | 'Union' | 'Unsafe';
type Builders = Readonly<Pick<typeof TypeBox, Names>>;
type Shape = Readonly<Record<string, TSchema>>;
type Keys = Readonly<{ enum?: readonly string[]; pattern?: string }>;

const ANY_NAME = '^.*$';

/** Which schemas a member of an object may be without; nothing in the schema itself says so. */
const optionals = new WeakSet<TSchema>();

const optional = (schema: TSchema): TSchema => {
  const copy = { ...schema };
  optionals.add(copy);
  return copy;
};

const of = (type: string) => (options: object = {}) => ({ type, ...options });

const object = (properties: Shape, options: object = {}) => {
  const required = Object.keys(properties).filter((name) => !optionals.has(properties[name] as TSchema));
  return { type: 'object', ...(required.length > 0 && { required }), properties, ...options };
};

const record = (key: Keys, value: TSchema, options: object = {}) =>
  key.enum === undefined
    ? { type: 'object', patternProperties: { [key.pattern ?? ANY_NAME]: value }, ...options }
    : object(Object.fromEntries(key.enum.map((name) => [name, value])), options);

const partial = ({ properties }: Readonly<{ properties: Shape }>, options: object = {}) =>
  object(Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, optional(schema)])), options);

export const Type = {
  Array: (items: TSchema, options: object = {}) => ({ type: 'array', items, ...options }),
  Boolean: of('boolean'),
  Enum: (values: readonly string[], options: object = {}) => ({ enum: [...values], ...options }),
  Integer: of('integer'),
  Literal: (value: string | number | boolean, options: object = {}) => ({ type: typeof value, const: value, ...options }),
  Null: of('null'),
  Number: of('number'),
  Object: object,
  Optional: optional,
  Partial: partial,
  Record: record,
  String: of('string'),
  Union: (anyOf: readonly TSchema[], options: object = {}) => ({ anyOf: [...anyOf], ...options }),
  Unsafe: (schema: object) => ({ ...schema }),
} as unknown as Builders;
