/**
 * Validation by the schemas of a route, each compiled once. Unknown members are ignored (the handler never sees them) unless the
 * schema says `additionalProperties: false`; defaults are filled in; nothing is coerced here.
 */
import type { ErrorObject, ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import type { TSchema } from 'typebox';

/** What is wrong, by dotted path of the field. */
export type FieldErrors = Readonly<Record<string, string>>;
/** Undefined when the value fits; it has then been pruned and its defaults are filled in. */
export type Validator = (value: unknown) => FieldErrors | undefined;

const MAX_FIELDS = 50;
const MAX_ERRORS = 1_000;

/** `checked`: compares schemas with the schema of schemas, which is large. A spec does so with every one that is served. */
export const createAjv = ({ checked = false }: Readonly<{ checked?: boolean }> = {}): Ajv2020 => {
  const ajv = new Ajv2020({
    allErrors: true, strict: true, strictTypes: false, strictRequired: false, useDefaults: true, verbose: true, validateSchema: checked, meta: checked,
  });
  ajvFormats.default(ajv);
  // `x-expected` says what a pattern asks for, after "must be": expressions are no words.
  ajv.addVocabulary(['example', 'x-expected']);
  return ajv;
};

type Shape = Readonly<{
  type?: string;
  properties?: Readonly<Record<string, Shape>>;
  additionalProperties?: unknown;
  patternProperties?: unknown;
  items?: Shape;
}>;

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

const closes = (shape: Shape): boolean =>
  shape.properties !== undefined && shape.additionalProperties === undefined && shape.patternProperties === undefined;

const propertyOf = ({ properties = {} }: Shape, name: string): Shape | undefined => (Object.hasOwn(properties, name) ? properties[name] : undefined);

/** Takes out what the schema does not name. Schemas made of alternatives are left alone. */
const prune = (shape: Shape, value: unknown): void => {
  if (Array.isArray(value)) for (const item of value) prune(shape.items ?? {}, item);
  if (!isObject(value)) return;
  for (const name of Object.keys(value)) {
    const inner = propertyOf(shape, name);
    if (inner !== undefined) prune(inner, value[name]);
    else if (closes(shape)) delete value[name];
  }
};

const fieldOf = (error: ErrorObject, root: string): string => {
  const path = error.instancePath.split('/').slice(1).map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const params = error.params as Readonly<{ missingProperty?: string; additionalProperty?: string }>;
  const last = params.missingProperty ?? params.additionalProperty;
  return [...path, ...(last === undefined ? [] : [last])].join('.').slice(0, 200) || root;
};

/** By the schema's own words; the expression itself is for machines. */
const patternWords = ({ parentSchema = {} }: ErrorObject): string => {
  const { 'x-expected': expected, description } = parentSchema as Readonly<{ 'x-expected'?: string; description?: string }>;
  if (expected !== undefined) return `must be ${expected}`;
  return description === undefined ? 'does not have the form that is asked for' : `does not have the form of: ${description}`;
};

const WORDS: Readonly<Record<string, (error: ErrorObject) => string>> = {
  required: () => 'is required',
  additionalProperties: () => 'is not known',
  minProperties: () => 'must not be empty',
  format: (error) => `must be a valid ${(error.params as { format: string }).format}`,
  enum: (error) => `must be one of ${(error.params as { allowedValues: unknown[] }).allowedValues.join(', ')}`,
  pattern: patternWords,
  const: (error) => `must be ${String((error.params as { allowedValue: unknown }).allowedValue)}`,
};

const isNullType = ({ keyword, params }: ErrorObject): boolean => keyword === 'type' && (params as { type: unknown }).type === 'null';

/** Errors of the other alternatives to null, for a "must be null". */
const besides = (error: ErrorObject, errors: readonly ErrorObject[]): readonly ErrorObject[] => {
  const union = /^(.*\/anyOf)\/\d+\/type$/.exec(error.schemaPath)?.[1];
  if (union === undefined) return [];
  return errors.filter((other) => !isNullType(other) && other.schemaPath.startsWith(`${union}/`) && other.instancePath.startsWith(error.instancePath));
};

/** What may be null is told what is wrong with what it is: "must be null" and the union's own complaint say nothing more. */
const withoutNull = (errors: readonly ErrorObject[]): readonly ErrorObject[] => {
  const said = errors.filter((error) => isNullType(error) && besides(error, errors).length > 0);
  const unions = new Set(said.map(({ schemaPath, instancePath }) => `${schemaPath.replace(/\/\d+\/type$/, '')} ${instancePath}`));
  return errors.filter((error) => !said.includes(error) && !unions.has(`${error.schemaPath} ${error.instancePath}`));
};

const isConst = (error: ErrorObject): boolean => error.keyword === 'const';

/** A union of constants is told as the list of them, not as one complaint each. */
const messageOf = (field: string, errors: readonly ErrorObject[]): string => {
  const constants = errors.filter(isConst).map((error) => String((error.params as { allowedValue: unknown }).allowedValue));
  if (constants.length > 1) return `must be one of ${constants.join(', ')}`;
  const [first] = errors;
  if (first === undefined) return `${field} is invalid`;
  return WORDS[first.keyword]?.(first) ?? first.message ?? 'is invalid';
};

const describe = (errors: readonly ErrorObject[], root: string): FieldErrors => {
  const byField = Object.groupBy(errors, (error) => fieldOf(error, root));
  return Object.fromEntries(
    Object.entries(byField)
      .slice(0, MAX_FIELDS)
      .map(([field, list]) => [field, messageOf(field, list ?? [])]),
  );
};

const SCALARS: ReadonlySet<unknown> = new Set(['string', 'number', 'integer', 'boolean']);

const checkBounds = (part: object, where: string): void => {
  const { type, maxItems, uniqueItems, items } = part as Readonly<{ type?: unknown; maxItems?: unknown; uniqueItems?: unknown; items?: Readonly<{ type?: unknown }> }>;
  if (type === 'array' && maxItems === undefined) throw new Error(`${where}: an array needs maxItems`);
  // Items of no one scalar type are compared each with each, and all the way down: one request would take minutes.
  if (uniqueItems === true && !SCALARS.has(items?.type)) throw new Error(`${where}: uniqueItems needs items of one scalar type`);
};

/** Throws on a schema that leaves to the client how much work a value is. */
const checkCost = (part: unknown, where: string): void => {
  if (typeof part !== 'object' || part === null) return;
  if (!Array.isArray(part)) checkBounds(part, where);
  for (const [name, inner] of Object.entries(part)) checkCost(inner, name === 'properties' ? where : `${where}.${name}`);
};

/**
 * `root` names the value itself in messages. Throws at once on a schema that bounds no list. Compiled with the first value (all schemas together
 * would be a good part of a start), which throws where ajv's strict mode refuses the schema.
 */
export const compileValidator = (ajv: Ajv2020, schema: TSchema, root: string): Validator => {
  checkCost(schema, root);
  let validate: ValidateFunction | undefined;
  return (value) => {
    validate ??= ajv.compile(schema);
    if (!validate(value)) return describe(withoutNull(validate.errors ?? []).slice(0, MAX_ERRORS), root);
    prune(schema, value);
    return undefined;
  };
};
