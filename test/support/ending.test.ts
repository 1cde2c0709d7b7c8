/** A run of the tests ends, whatever they leave: with what is wrong as its exit code, and with nothing of it left. */
import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { withoutEngines } from './environment.ts';
import { root } from './source-files.ts';

type Ended = Readonly<{ code: number; out: string; err: string }>;

/** Resolves once nobody holds the run's output any more: neither the run nor a child that it left. */
const run = (what: string): Promise<Ended> =>
  new Promise((resolve) => {
    const args = [join(root, 'node_modules/mocha/bin/mocha.js'), 'test/support/runs/leaves-everything.ts'];
    const env = { ...withoutEngines(), WHAT: what, TEST_PATIENCE_MS: '100' };
    execFile(process.execPath, args, { cwd: root, env, timeout: 30_000 }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), out, err });
    });
  });

describe('the end of a run', function suite() {
  this.timeout(40_000);

  it('comes by itself when nothing is left', async () => expect(await run('')).to.include({ code: 0, err: '' }));

  it('closes what helpers of a failed test have opened', async () => {
    const { code, out, err } = await run('known fails');
    expect([code, err]).to.deep.equal([1, '']);
    const path = /directory (\S+)/u.exec(out)?.[1] ?? expect.fail(out);
    expect(existsSync(path)).to.equal(false);
  });

  for (const what of ['strange fails', 'strange']) {
    it(`comes, and the children's with it, when something else is left, and fails: ${what}`, async () => {
      const { code, out, err } = await run(what);
      expect(code).to.equal(1);
      expect(err).to.match(/^\nThe tests are over, and something they opened is not: .*TCPServerWrap.*\. Ended\.\n$/u);
      expect(out).to.contain(what === 'strange' ? '1 passing' : '1 failing');
    });
  }
});
