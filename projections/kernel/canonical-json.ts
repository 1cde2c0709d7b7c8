/** RFC 8785 (JSON Canonicalization Scheme): one text for one value, so that digests can be compared. */

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

const member = ([key, value]: readonly [string, Json]): string => `${JSON.stringify(key)}:${canonicalJson(value)}`;

/**
 * Properties sorted by UTF-16 code units, no white space, numbers and strings as ECMAScript writes them; properties that are undefined are
 * left out. Throws on what JSON cannot say (NaN, infinities) and on lone surrogates, as section 3.2.2.2 demands.
 */
export const canonicalJson = (value: Json): string => {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError(`not a JSON number: ${value}`);
  if (typeof value === 'string' && !value.isWellFormed()) throw new TypeError('a lone surrogate is not a JSON string');
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item: Json) => canonicalJson(item)).join()}]`;
  const members = Object.entries(value).filter((entry): entry is [string, Json] => entry[1] !== undefined);
  return `{${members.toSorted(([one], [two]) => (one < two ? -1 : 1)).map(member).join()}}`;
};
