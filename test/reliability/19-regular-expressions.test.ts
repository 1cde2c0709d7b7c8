/**
 * Promise 19: no regular expression takes more than 10 ms over 100 kB. Every literal and every pattern of a schema in the sources is tried on
 * texts that make backtracking quadratic: one part over and over, and an end at which it fails. What only ever sees less is held to that.
 */
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { layers, root, sourceFiles } from '../support/source-files.ts';

const LENGTH = 100_000;
const MOST_MS = 10;

/** What is cut or refused before these are asked: file, and the most characters. */
const SHORTER: Readonly<Record<string, number>> = {
  // MAX_TEXT
  'infrastructure/runtime/logger.ts': 2_000,
  // LONGEST, in characters of two units at most
  'application/tenancy/password-policy.ts': 2_048,
  // The environment, which is the operator's.
  'infrastructure/runtime/config-values.ts': 10_000,
  'infrastructure/runtime/config-mail.ts': 10_000,
};

const PARTS = [
  ...Array.from(' aA0-./=@"\\_:+\n\t\u00e9*?&#$%!~<>()[]{},;\'`|^'), 'a.', '.a', '-a', 'a-', '0.', 'a:', ':a', '//a:', 'a@', '@a.', '\\"', '"\\', '/a', 'eyJ', '-eyJaaaaa', 'eyJaaaaaa.',
  '-----BEGIN ', '-----BEGIN A-----', '-----BEGIN PRIVATE KEY-----', '-----END ', '?a', '&a=', '= ', ' =', '\r\n', '00', '\u200b', '\ud83d\ude00',
];
const BEGINNINGS = ['', 'a', '"', '-----BEGIN A-----', '-----BEGIN PRIVATE KEY-----', '//', '[', 'Bearer ', '/'];
const ENDS = ['', '!', '\u0000'];

/** Comments out, strings kept: patterns of schemas stand in them. */
const LITERAL = /(?<=(?:[=(,:[!&|?{};]|return|^)\s*)\/(?![/*])((?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+)\/([dgimsuvy]*)/gmu;
const PATTERN = /'(\^(?:[^'\\\n]|\\.)*\$)'/gu;

type Found = Readonly<{ file: string; expression: RegExp }>;

const compiled = (source: string, flags: string): readonly RegExp[] => {
  try {
    return [new RegExp(source, flags.replaceAll(/[gy]/gu, ''))];
  } catch {
    return [];
  }
};

export const expressionsIn = (source: string): readonly RegExp[] => {
  const code = source.replaceAll(/^\s*(?:\/\*\*?|\*|\/\/).*$/gmu, '');
  return [
    ...[...code.matchAll(LITERAL)].flatMap(([, body = '', flags = '']) => compiled(body, flags)),
    ...[...code.matchAll(PATTERN)].flatMap(([, body = '']) => compiled(body.replaceAll('\\\\', '\\'), 'u')),
  ];
};

const millisecondsOf = (expression: RegExp, text: string): number => {
  const begun = performance.now();
  expression.test(text);
  return performance.now() - begun;
};

/** Of three: other programs have their share of the machine. */
const isSlow = (expression: RegExp, text: string): boolean => [1, 2, 3].every(() => millisecondsOf(expression, text) > MOST_MS);

/** Of the longest without a beginning: what is quadratic shows on a tenth of it. */
const textsOf = (length: number): readonly string[] =>
  PARTS.flatMap((part) => (length < LENGTH ? BEGINNINGS : ['']).flatMap((beginning) => ENDS.map((end) => beginning + part.repeat(Math.floor(length / part.length)) + end)));

/** The first text on which it is slow, shortened; shorter texts first, as a slow one takes minutes over a long one. */
const slowOn = (expression: RegExp, most: number, texts: (length: number) => readonly string[]): string | undefined => {
  for (const length of [most / 10, most]) {
    const found = texts(length).find((text) => isSlow(expression, text));
    if (found !== undefined) return JSON.stringify(found.slice(0, 40));
  }
  return undefined;
};

describe('promise 19: regular expressions', function suite() {
  this.timeout(120_000);
  const kept = new Map<number, readonly string[]>();
  const texts = (length: number): readonly string[] => {
    const known = kept.get(length) ?? textsOf(length);
    kept.set(length, known);
    return known;
  };
  const found: readonly Found[] = layers
    .flatMap((layer) => sourceFiles(layer))
    .flatMap((file) => expressionsIn(readFileSync(file, 'utf8')).map((expression) => ({ file: relative(root, file), expression })));

  it('are found', () => expect(found.length).to.be.greaterThan(100));

  it('take at most 10 ms over 100 kB', () => {
    const different = [...new Map(found.map((one) => [`${SHORTER[one.file] ?? LENGTH} ${String(one.expression)}`, one])).values()];
    const slow = different.flatMap(({ file, expression }) => {
      const text = slowOn(expression, SHORTER[file] ?? LENGTH, texts);
      return text === undefined ? [] : [`${file} ${String(expression)} on ${text}`];
    });
    expect(slow).to.deep.equal([]);
  });

  it('goes red on one that is quadratic', () => {
    const [expression = /^/u] = expressionsIn(String.raw`const BASE64 = /^[A-Za-z\d+/\s]+={0,2}\s*$/;`);
    expect(slowOn(expression, LENGTH, () => [`a${' '.repeat(LENGTH / 10)}!`])).to.match(/^"a /u);
    expect(slowOn(/\s+$/u, LENGTH, texts)).to.be.a('string');
  });
});
