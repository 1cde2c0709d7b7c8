/** Query strings: strictly decoded, every name once, numbers and booleans only where the schema declares them. */
import type { TSchema } from 'typebox';
import { rejectFields } from '../../domain/kernel/rejection.ts';

type Shape = Readonly<{ type?: string; items?: Shape; properties?: Readonly<Record<string, Shape>> }>;

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;

const decodePart = (part: string): string => {
  try {
    return decodeURIComponent(part.replaceAll('+', ' '));
  } catch {
    return rejectFields({ query: 'is not valid percent-encoding' });
  }
};

const COERCIONS: Readonly<Record<string, (text: string) => unknown>> = {
  integer: (text) => (NUMBER.test(text) ? Number(text) : text),
  number: (text) => (NUMBER.test(text) ? Number(text) : text),
  boolean: (text) => ({ true: true, false: false })[text] ?? text,
};

const coerce = (text: string, shape: Shape | undefined): unknown => COERCIONS[shape?.type ?? '']?.(text) ?? text;

/** All pairs, in order, decoded as forms are (`+` is a space). */
const pairsOf = (search: string): readonly (readonly [string, string])[] =>
  search
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const equals = part.indexOf('=');
      const [name, value] = equals < 0 ? [part, ''] : [part.slice(0, equals), part.slice(equals + 1)];
      return [decodePart(name), decodePart(value)] as const;
    });

/**
 * An object of strings, numbers, booleans, or arrays where the schema says array (`?tag=a&tag=b`). A name given twice is
 * refused with `request.invalid`; what does not look like its declared type stays text, for the validator to refuse.
 */
export const parseQuery = (search: string, schema: TSchema | undefined): Record<string, unknown> => {
  const declared: Shape = schema ?? {};
  const shapes = new Map(Object.entries(declared.properties ?? {}));
  const query = new Map<string, unknown>();
  for (const [name, value] of pairsOf(search)) {
    const shape = shapes.get(name);
    const before = query.get(name);
    if (shape?.type === 'array') query.set(name, [...(Array.isArray(before) ? before : []), coerce(value, shape.items)]);
    else if (query.has(name)) rejectFields({ [name]: 'must be given once' });
    else query.set(name, coerce(value, shape));
  }
  return Object.fromEntries(query);
};
