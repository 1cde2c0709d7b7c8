/** `npm test` runs every spec once, whichever process it is dealt to, and hides nothing of what came of it. */
import { expect } from 'chai';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runPiece, summary } from '../../scripts/test-support/piece-run.ts';
import { ALONE, allSpecs, deal, longSpecs } from '../../scripts/test-support/pieces.ts';
import { root } from './source-files.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const run = async (source: string) => {
  const directory = temporaryDirectory();
  const spec = join(directory.path, 'some.test.cjs');
  writeFileSync(spec, source);
  let said = '';
  const report = await runPiece([spec], { root, options: [], reportFile: join(directory.path, 'report.json'), say: (text) => { said += text; } });
  directory.remove();
  return { report, said, spec };
};

describe('specs side by side', () => {
  it('are every one of them dealt once', () => {
    const specs = allSpecs(root);
    const installations = specs.filter((spec) => spec.includes('/engines-'));
    expect([specs.length > 250, installations.length]).to.deep.equal([true, 4]);
    for (const pieces of [1, 2, 7, 1_000]) {
      const dealt = deal(specs, pieces, {}, () => 1);
      expect(dealt.flat().sort()).to.deep.equal(specs);
      expect(dealt.length).to.equal(Math.min(pieces, specs.length - installations.length + 1));
      expect(dealt.filter((piece) => piece.some((spec) => installations.includes(spec))), 'installations one after another').to.have.length(1);
    }
  });

  it('are as long in each piece, the longest first', () => {
    const times = { a: 60, b: 30, c: 20, d: 10, e: 5 };
    expect(deal(['a', 'b', 'c', 'd', 'e', 'new'], 2, times, () => 4)).to.deep.equal([['a', 'e'], ['b', 'c', 'd', 'new']]);
    expect(deal([], 2, times)).to.deep.equal([]);
  });

  it('are there where they measure time or take long, too', () => {
    expect([...ALONE, ...longSpecs].filter((spec) => !existsSync(join(root, spec)))).to.deep.equal([]);
    // One of the longest is one of the shortest to read.
    expect(deal(longSpecs, longSpecs.length, {}).slice(0, 4)).to.deep.include(['test/reliability/01-kill.test.ts']);
  });

  it('are told of in full: what passed, what waits for something, what failed', async function telling() {
    this.timeout(60_000);
    const { report, said, spec } = await run("describe('some', () => { it('works', () => 1); it('waits (needs a thing)'); it('fails', () => { throw new Error('on purpose'); }); });");
    expect({ ...report, failed: report.failed.map(({ title }) => title), milliseconds: Object.keys(report.milliseconds) }).to.deep.equal({ passed: 1, pending: ['some waits (needs a thing)'], failed: ['some fails'], milliseconds: [spec] });
    expect(said).to.match(/✔ works[^]*- waits \(needs a thing\)[^]*1\) fails[^]*on purpose/u);
    const { passed, text } = summary([report, report]);
    expect(passed).to.equal(false);
    expect(text).to.match(/^ {2}2 passing\n {2}2 pending\n( {4}- some waits \(needs a thing\)\n){2} {2}2 failing\n {4}- some fails\n {6}Error: on purpose\n {10}at /u);
    expect(summary([{ ...report, failed: [] }]).passed).to.equal(true);
    expect(summary([]).passed).to.equal(false);
  });

  it('fail when their process dies, or cannot even read one of them', async function dying() {
    this.timeout(60_000);
    const died = await run("describe('some', () => { it('dies', () => process.kill(process.pid, 'SIGKILL')); });");
    expect(died.report.failed).to.have.length(1);
    expect(died.report.failed[0]?.title).to.equal(`the process of ${died.spec}`);
    const empty = await run("throw new Error('not even read');");
    expect(empty.report.failed).to.have.length(1);
    expect(empty.said).to.contain('not even read');
  });
});
