/**
 * The one JSON parser for request bodies (RFC 8259, held to I-JSON, RFC 7493): UTF-8 without mistakes, nesting of at most 64,
 * no member name twice, none that reaches for prototypes, no lone surrogates, no number beyond the range of a double.
 */
import { isUtf8 } from 'node:buffer';
import { Rejection } from '../../domain/kernel/rejection.ts';

export const MAX_DEPTH = 64;
/** Members of one object, and values in all: what is looked at one by one afterwards must not be as many as fit into a body. */
export const MAX_MEMBERS = 1_000;
export const MAX_VALUES = 10_000;
const FORBIDDEN: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);
const NUMBER = /-?\d[\d.eE+-]*/y;

const malformed = (reason: string): never => {
  throw new Rejection('request.malformed_json', { reason });
};

/** An object or a list around the place of the walk: its names so far (objects), and where in it the walk is. */
type Frame = { readonly names: Set<string> | undefined; at: string | number | undefined };

/** Said as validation says it, by the dotted path of the member. */
const refuseMember = (frames: readonly Frame[], wrong: string): never => {
  const path = frames.map(({ at }) => at).filter((step) => step !== undefined).join('.').slice(0, 200);
  throw new Rejection('request.invalid', { fields: { [path === '' ? 'body' : path]: wrong } });
};

/** Where the string that opens at `start` ends (index of its closing quote). */
const endOfString = (text: string, start: number): number => {
  let at = start + 1;
  while (at < text.length) {
    const quote = text.indexOf('"', at);
    if (quote < 0) break;
    let slashes = 0;
    while (text[quote - 1 - slashes] === '\\') slashes += 1;
    if (slashes % 2 === 0) return quote;
    at = quote + 1;
  }
  return malformed('a string does not end');
};

const decode = (token: string): string => {
  if (!token.includes('\\')) return token.slice(1, -1);
  try {
    return JSON.parse(token) as string;
  } catch {
    return malformed('a string holds an invalid escape');
  }
};

const checkName = (name: string, names: Set<string>, frames: readonly Frame[]): void => {
  (frames.at(-1) as Frame).at = name;
  if (FORBIDDEN.has(name)) refuseMember(frames, 'is not allowed as a name');
  if (names.has(name)) refuseMember(frames, 'is given twice');
  names.add(name);
  if (names.size > MAX_MEMBERS) malformed(`an object has more than ${MAX_MEMBERS} members`);
};

const isName = (text: string, after: number): boolean => {
  let at = after;
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at += 1;
  return text[at] === ':';
};

const checkString = (text: string, start: number, frames: readonly Frame[]): number => {
  const end = endOfString(text, start);
  const value = decode(text.slice(start, end + 1));
  if (!value.isWellFormed()) malformed('a string holds a lone surrogate');
  const names = frames.at(-1)?.names;
  if (names !== undefined && isName(text, end + 1)) checkName(value, names, frames);
  return end + 1;
};

const checkNumber = (text: string, start: number): number => {
  NUMBER.lastIndex = start;
  const token = NUMBER.exec(text)?.[0] ?? '-';
  if (!Number.isFinite(Number(token))) malformed('a number is malformed or too large');
  return start + token.length;
};

const step = (frame: Frame | undefined): void => {
  if (frame?.names === undefined && typeof frame?.at === 'number') frame.at += 1;
};

const nest = (frames: Frame[], char: string): void => {
  if (char === ',') step(frames.at(-1));
  if (char === '{') frames.push({ names: new Set(), at: undefined });
  if (char === '[') frames.push({ names: undefined, at: 0 });
  if (char === '}' || char === ']') frames.pop();
  // The path would be as long as the nesting: the outermost member says enough.
  if (frames.length > MAX_DEPTH) refuseMember(frames.slice(0, 1).filter(({ names }) => names !== undefined), `is nested deeper than ${MAX_DEPTH} levels`);
};

/** Everything that `JSON.parse` lets pass, found in one flat walk over the text: nothing recurses before depth is known. */
const scan = (text: string): void => {
  const frames: Frame[] = [];
  let values = 1;
  let at = 0;
  while (at < text.length) {
    const char = text[at] as string;
    // Every value but the first follows one of these.
    if (',[{'.includes(char)) values += 1;
    if (values > MAX_VALUES) malformed(`there are more than ${MAX_VALUES} values`);
    if (char === '"') at = checkString(text, at, frames);
    else if (char === '-' || (char >= '0' && char <= '9')) at = checkNumber(text, at);
    else {
      nest(frames, char);
      at += 1;
    }
  }
};

/**
 * Rejects with `request.malformed_json` {reason}, which never quotes the input; a member given twice, with a name that is not allowed or nested
 * too deep is named as the fields of `request.invalid` are.
 */
export const parseStrictJson = (bytes: Uint8Array): unknown => {
  if (!isUtf8(bytes)) malformed('the body is not UTF-8');
  // A byte order mark stays, and is no JSON.
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  scan(text);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return malformed('the body is not JSON');
  }
};
