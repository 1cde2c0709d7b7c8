/** The JSON parser against the published suite, and against what the suite leaves to the parser. */
import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MAX_DEPTH, parseStrictJson } from '../../../api/kernel/strict-json.ts';
import { Rejection } from '../../../domain/kernel/rejection.ts';

const folder = join(import.meta.dirname, '../../vectors/json-test-suite/test_parsing');
const vectors = readdirSync(folder).filter((name) => name.endsWith('.json'));

const outcome = (bytes: Uint8Array): string => {
  try {
    parseStrictJson(bytes);
    return 'accepted';
  } catch (error) {
    if (!(error instanceof Rejection)) return `threw ${String(error)}`;
    const { reason, fields } = error.details;
    return `${error.code}: ${typeof reason === 'string' ? reason : JSON.stringify(fields)}`;
  }
};
const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
const outcomeOf = (text: string): string => outcome(Buffer.from(text));

/** Valid JSON that is refused all the same, because two readers could understand it differently. */
const STRICTER = new Set(['y_object_duplicated_key.json', 'y_object_duplicated_key_and_value.json', 'y_object_duplicate_key.json']);

const members = (count: number): string => `{${Array.from({ length: count }, (_, index) => `"m${index}":0`).join(',')}}`;
const values = (count: number): string => `[${Array.from({ length: count }, () => '0').join(',')}]`;

describe('how much a body may hold', () => {
  it('takes 1,000 members of an object and 10,000 values in all, and not one more', () => {
    expect(outcomeOf(members(1_000))).to.equal('accepted');
    expect(outcomeOf(members(1_001))).to.equal('request.malformed_json: an object has more than 1000 members');
    expect(outcomeOf(values(9_998))).to.equal('accepted');
    expect(outcomeOf(values(10_000))).to.equal('request.malformed_json: there are more than 10000 values');
    expect(outcomeOf(`[${Array.from({ length: 100 }, () => members(200)).join(',')}]`)).to.equal('request.malformed_json: there are more than 10000 values');
  });
});

describe('strict JSON', () => {
  it(`takes every valid text of the published suite, refuses every invalid one, and survives the rest (${vectors.length} texts)`, () => {
    expect(vectors.length).to.be.greaterThan(300);
    for (const name of vectors) {
      const result = outcome(readFileSync(join(folder, name)));
      if (name.startsWith('y_') && !STRICTER.has(name)) expect(result, name).to.equal('accepted');
      else if (name.startsWith('i_')) expect(result, name).to.match(/^(accepted|request\.(malformed_json|invalid): )/);
      else expect(result, name).to.match(/^request\.(malformed_json|invalid): /);
    }
  });

  it('keeps values as JSON.parse reads them', () => {
    const text = ' {"a":[1,-0.5e3,true,null,"\\u00e9\\"\\\\ü😀\\ud83d\\ude00"],"":{"b":{}}} ';
    expect(parseStrictJson(Buffer.from(text))).to.deep.equal(JSON.parse(text));
  });

  const refused: Readonly<Record<string, readonly [text: string, reason: string | Readonly<Record<string, string>>]>> = {
    'a name twice': ['{"a":1,"b":2,"a":3}', { a: 'is given twice' }],
    'a name twice in disguise': [String.raw`{"a":1,"\u0061":3}`, { a: 'is given twice' }],
    'a name twice in depth': ['[1,[{"x":{"a":1,"a":1}}]]', { '1.0.x.a': 'is given twice' }],
    'a way to the prototype': ['{"__proto__":{"admin":true}}', { ['__proto__']: 'is not allowed as a name' }],
    'the same in disguise': [String.raw`{"\u005f_proto__" :{}}`, { ['__proto__']: 'is not allowed as a name' }],
    'a way to the constructor': ['{"a":{"constructor":{"prototype":1}}}', { 'a.constructor': 'is not allowed as a name' }],
    'a prototype': ['{"prototype":1}', { prototype: 'is not allowed as a name' }],
    'a lone surrogate': [String.raw`{"a":"\ud800"}`, 'a string holds a lone surrogate'],
    'a lone surrogate as name': [String.raw`{"\udc00":1}`, 'a string holds a lone surrogate'],
    'a number beyond doubles': ['{"a":1e400}', 'a number is malformed or too large'],
    'a negative one': ['[-1e999]', 'a number is malformed or too large'],
    'a byte order mark': ['\uFEFF{}', 'the body is not JSON'],
    'two values': ['{} {}', 'the body is not JSON'],
    nothing: [' ', 'the body is not JSON'],
  };
  for (const [what, [text, reason]] of Object.entries(refused)) {
    it(`refuses ${what}`, () => expect(outcomeOf(text)).to.equal(typeof reason === 'string' ? `request.malformed_json: ${reason}` : `request.invalid: ${JSON.stringify(reason)}`));
  }

  it('takes the same name in different objects, and as a value', () => {
    expect(outcomeOf('[{"a":1},{"a":{"a":"a"}},"__proto__",{"b":"constructor"}]')).to.equal('accepted');
  });

  it('refuses bytes that are not UTF-8: overlong, surrogates, cut off', () => {
    for (const bytes of [[0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82], [0xff]]) {
      expect(outcome(Buffer.from([0x22, ...bytes, 0x22]))).to.equal('request.malformed_json: the body is not UTF-8');
    }
  });

  it(`takes nesting of ${MAX_DEPTH} and refuses one more, and a million, at once`, () => {
    expect(outcomeOf(nested(MAX_DEPTH))).to.equal('accepted');
    const started = performance.now();
    for (const [field, text] of [['body', nested(MAX_DEPTH + 1)], ['body', nested(1_000_000)], ['a', '{"a":'.repeat(1_000_000)]] as const) {
      expect(outcomeOf(text)).to.equal(`request.invalid: ${JSON.stringify({ [field]: 'is nested deeper than 64 levels' })}`);
    }
    expect(performance.now() - started).to.be.lessThan(2_000);
  });

  it('stays linear on hostile text', () => {
    const started = performance.now();
    for (const text of [`"${'\\\\'.repeat(500_000)}"`, `"${'\\"'.repeat(500_000)}`, `[${'"a" ,'.repeat(200_000)}1]`, `{"a"${' '.repeat(900_000)}:1}`]) outcomeOf(text);
    expect(performance.now() - started).to.be.lessThan(2_000);
  });
});
