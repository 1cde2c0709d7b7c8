/** The machine's clock is read in one place. Everything else is given the time, so that it can be tested at any. */
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { layers, root, sourceFiles } from '../support/source-files.ts';

const CLOCK = 'infrastructure/runtime/clock.ts';

/** Ways to learn what time it is. */
const READS: Readonly<Record<string, RegExp>> = {
  'Date.now': /\bDate\s*(?:\?\.|\.)\s*now\b|\bDate\s*\[/,
  'new Date()': /\bnew Date\s*(?:\(\s*\)|(?![\w\s]*\())/,
  'Date()': /(?<!new\s|[\w.$])Date\s*\(/,
  'performance': /\bperformance\s*\.\s*(?:now|timeOrigin|mark|measure)\b/,
  'hrtime': /\bhrtime\b|\bprocess\s*\.\s*uptime\b/,
  'Temporal.Now': /\bTemporal\s*\.\s*Now\b/,
};

/** Elapsed time that never goes backwards, where it decides nothing that a clock should. */
const MONOTONIC: Readonly<Record<string, string>> = {
  'api/composition/readiness.ts': 'for how long what was found is told again',
  'projections/kernel/pause.ts': 'how long a slice of work of a question takes; no document depends on it',
  'api/kernel/watching.ts': 'bounds how long a handler may take',
  'api/kernel/beginning.ts': 'measures how long a request took, for log and metrics',
  'infrastructure/eventstoredb/waiting.ts': 'bounds how long an operation of the engine may take, and spaces what is asked of it',
  'infrastructure/mongodb/read-model-writes.ts': 'how long the documents of one message took, so that the next holds as many as are answered in time',
  'infrastructure/signing/azure-http.ts': 'bounds how long one call to an outside service may take',
};

const withoutComments = (source: string): string => source.replaceAll(/\/\*[\s\S]*?\*\/|(?<!:)\/\/[^\n]*/g, '');

/** How a file reads the clock, by the names above. */
const readsOf = (source: string): readonly string[] => {
  const code = withoutComments(source);
  return Object.entries(READS).flatMap(([name, pattern]) => (pattern.test(code) ? [name] : []));
};

describe('architecture: the clock', () => {
  const found = layers.flatMap((layer) => sourceFiles(layer)).map((file) => ({ file: relative(root, file), reads: readsOf(readFileSync(file, 'utf8')) }));

  it(`is read in ${CLOCK} alone`, () => {
    expect(found.length, 'files seen').to.be.greaterThan(100);
    const wall = found.filter(({ file, reads }) => reads.some((read) => read !== 'performance') && file !== CLOCK);
    expect(wall).to.deep.equal([]);
    expect(found.find(({ file }) => file === CLOCK)?.reads).to.deep.equal(['Date.now']);
  });

  it('elapsed time is measured where it is known why', () => {
    expect(found.filter(({ reads }) => reads.includes('performance')).map(({ file }) => file).toSorted()).to.deep.equal(Object.keys(MONOTONIC).toSorted());
  });

  it('goes red on every planted way to read it, and on nothing else', () => {
    const planted = ['Date.now()', 'const { now } = Date; Date["now"]()', 'new Date()', 'new Date( ).toISOString()', 'new Date', 'Date()', 'performance.now()', 'process.hrtime.bigint()', 'Temporal.Now.instant()'];
    for (const source of planted) expect(readsOf(source), source).to.have.length(1);
    const innocent = ['new Date(clock.now())', 'Date.parse(text)', 'new Date(Date.UTC(2026, 1, 1))', '/** Date.now() */', '// new Date()', 'const at: Date = given', 'toDate(x)', 'isDate(x)'];
    for (const source of innocent) expect(readsOf(source), source).to.deep.equal([]);
  });
});
