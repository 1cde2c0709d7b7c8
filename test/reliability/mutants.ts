/** Requests that are nearly right: made from the schemas of a route table, from published naughty strings and texts, and from a seed. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { double, emailAddress, jsonValue, oneof, sample, string, webUrl } from 'fast-check';
import type { Route } from '../../api/kernel/route.ts';

const vectors = join(import.meta.dirname, '../vectors');
export const NAUGHTY = JSON.parse(readFileSync(join(vectors, 'blns/blns.json'), 'utf8')) as readonly string[];
const suite = join(vectors, 'json-test-suite/test_parsing');
export const JSON_TEXTS: readonly Buffer[] = readdirSync(suite).map((name) => readFileSync(join(suite, name))).filter((text) => text.length < 200_000);

export type Random = Readonly<{ below: (limit: number) => number; pick: <Item>(items: readonly Item[]) => Item; chance: (oneIn: number) => boolean; any: () => unknown }>;

/** Mulberry32: the same seed gives the same requests. The values of `any` come from fast-check, which shares no code with the rest. */
export const createRandom = (seed: number): Random => {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  const values = sample(oneof(jsonValue({ maxDepth: 4 }), string({ unit: 'binary' }), double(), emailAddress(), webUrl()), { seed, numRuns: 500 });
  const pick = <Item>(items: readonly Item[]): Item => items[below(items.length)] as Item;
  return { below, pick, chance: (oneIn) => below(oneIn) === 0, any: () => pick(values) };
};

type Shape = Readonly<{ type?: string; properties?: Readonly<Record<string, Shape>>; items?: Shape; const?: unknown; enum?: readonly unknown[]; anyOf?: readonly Shape[] }>;

const EDGES: readonly unknown[] = [
  null, true, false, 0, -0, -1, 1, 0.1, 1e308, -1e308, Number.MAX_SAFE_INTEGER + 2, 5e-324, '', ' ', '0', 'null', 'x'.repeat(5_000), '\0', 'a\nb', '\u202Eabc', '😀'.repeat(300),
  [], {}, [[]], [null], { $gt: '' }, { $ne: null }, { length: 1e9 }, { toString: 'x' }, { valueOf: 1 }, '../../etc/passwd', '%00', '%2e%2e%2f', '0198c0de-7000-7000-8000-0000000000ff', '=1+1', "' OR 1=1 --",
  '2026-02-30', '9999-12-31T23:59:60Z', '0000-00-00', '2026-01-01T00:00:00+99:99', 'Infinity', 'NaN', '1e3', '٣',
];

/** Objects without a prototype have no text of their own. */
const textOf = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined'));

const strange = (random: Random): unknown => random.pick([() => random.pick(EDGES), () => random.pick(NAUGHTY), random.any])();

const optionsOf = (shape: Shape): readonly unknown[] => shape.enum ?? (shape.const === undefined ? (shape.anyOf ?? []).flatMap((each) => optionsOf(each)) : [shape.const]);

/** Something of the right kind, now and then. */
const likely = (shape: Shape, random: Random): unknown => {
  const options = optionsOf(shape);
  if (options.length > 0) return random.pick(options);
  if (shape.type === 'integer' || shape.type === 'number') return random.pick([0, 1, 2, 50, 100, 101, 1_000_000, -1, 1.5]);
  if (shape.type === 'boolean') return random.chance(2);
  if (shape.type === 'array') return Array.from({ length: random.below(4) }, () => (shape.items === undefined ? random.any() : likely(shape.items, random)));
  if (shape.type === 'object') return mutate(shape, {}, random);
  return random.pick([...NAUGHTY, 'plain', 'a@b.example', new Date(random.below(4e9) * 1_000).toISOString()]);
};

const mutateMember = (shape: Shape, value: unknown, random: Random): unknown => {
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && random.chance(2)) return mutate(shape, value as Readonly<Record<string, unknown>>, random);
  return random.chance(2) ? strange(random) : likely(shape, random);
};

/** A copy of a valid object with one or a few members changed, dropped or added. */
export const mutate = (shape: Shape, valid: Readonly<Record<string, unknown>>, random: Random): Record<string, unknown> => {
  const mutant: Record<string, unknown> = { ...valid };
  const names = Object.keys({ ...shape.properties, ...valid });
  for (let changes = random.below(3) + (random.chance(8) ? 0 : 1); changes > 0 && names.length > 0; changes -= 1) {
    const name = random.pick(names);
    if (random.chance(6)) delete mutant[name];
    else mutant[name] = mutateMember(shape.properties?.[name] ?? {}, mutant[name], random);
  }
  if (random.chance(10)) mutant[textOf(strange(random)).slice(0, 60)] = strange(random);
  return mutant;
};

/** Texts that are no longer the JSON of an object, or are it in a strange way. */
const TEXTS: readonly ((text: string, random: Random) => string | Buffer)[] = [
  (text, random) => text.slice(0, random.below(text.length)),
  (text) => `${text}${text}`,
  (text) => `\uFEFF${text}`,
  (text) => text.replace('{', '{"__proto__":{"role":"owner"},'),
  (text) => text.replace('{', '{"constructor":{"prototype":{}},'),
  (text) => text.replace(/"(\w+)":/, '"$1":1,"$1":'),
  (text) => text.replace('{', '{"n":1e400,'),
  (text) => text.replace('{', String.raw`{"s":"\ud800",`),
  () => '['.repeat(100_000),
  () => '{"a":'.repeat(10_000),
  (text) => Buffer.concat([Buffer.from(text.slice(0, -2)), Buffer.from([0xc0, 0x80, 0xff]), Buffer.from(text.slice(-2))]),
  (text) => Buffer.from(text, 'utf16le'),
  () => ' '.repeat(1_100_000),
  (_text, random) => random.pick(JSON_TEXTS),
  (_text, random) => JSON.stringify(random.any()) ?? 'undefined',
];

const encode = (value: unknown, random: Random): string => (random.chance(12) ? random.pick(['%', '%zz', '%ff', '%C0%AF', '%00', '+']) : encodeURIComponent(textOf(value).toWellFormed()));

const querySchema = (route: Route): Shape => route.query ?? {};

const queryOf = (route: Route, valid: Readonly<Record<string, unknown>>, random: Random): string => {
  const members = random.chance(2) ? valid : mutate(querySchema(route), valid, random);
  const pairs = Object.entries(members).map(([name, value]) => `${encode(name, random)}=${encode(value, random)}`);
  if (random.chance(12) && pairs.length > 0) pairs.push(random.pick(pairs));
  if (random.chance(12)) pairs.push(`extra=${encode(strange(random), random)}`);
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
};

const pathOf = (mount: string, route: Route, valid: Readonly<Record<string, string>>, random: Random): string =>
  `${mount}${route.path.replaceAll(/:(\w+)/g, (_match, name: string) => (random.chance(3) ? encode(textOf(strange(random)).slice(0, 500), random) : encodeURIComponent(valid[name] ?? 'none')))}`;

const HEADERS: readonly Readonly<Record<string, string>>[] = [
  { 'content-type': 'text/plain' }, { 'content-type': 'application/json; charset=utf-16' }, { 'content-type': '' }, { 'content-encoding': 'gzip' },
  { 'idempotency-key': '"same"' }, { 'idempotency-key': '"' }, { 'idempotency-key': 'x'.repeat(300) }, { 'x-request-id': "'\"><script>" }, { 'x-request-id': '0198C0DE-7000-7000-8000-0000000000FF' },
  { accept: 'text/html' }, { 'x-http-method-override': 'DELETE' }, { 'x-forwarded-for': 'unknown, ::::, 999.9.9.9' }, { forwarded: 'for="_x"' }, { origin: 'https://evil.example' }, { range: 'bytes=0-1' }, { 'if-none-match': '*' }, { cookie: 'a=b' },
  { 'last-event-id': '../../x' }, { 'x-qwick-cli-version': '1.0.0-'.repeat(50) }, { expect: '100-continue' },
];

/** What a valid request of a route is made of: parameters by name, query, body. */
export type Seeds = Readonly<{ params: Readonly<Record<string, string>>; query: Readonly<Record<string, unknown>>; body: Readonly<Record<string, unknown>> | undefined }>;
export type Mutant = Readonly<{ method: string; path: string; headers: Readonly<Record<string, string>>; body: string | Buffer | undefined }>;

const bodyOf = (route: Route, valid: Seeds['body'], random: Random): string | Buffer | undefined => {
  if (route.body === undefined) return random.chance(20) ? JSON.stringify(random.any()) : undefined;
  const text = JSON.stringify(mutate(route.body, valid ?? {}, random));
  return random.chance(5) ? random.pick(TEXTS)(text, random) : text;
};

export const makeMutant = (mount: string, route: Route, seeds: Seeds, random: Random): Mutant => ({
  method: route.method,
  path: `${pathOf(mount, route, seeds.params, random)}${queryOf(route, seeds.query, random)}`,
  headers: random.chance(5) ? random.pick(HEADERS) : {},
  body: bodyOf(route, seeds.body, random),
});
