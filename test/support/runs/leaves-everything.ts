/** A run of its own (ending.test.ts): its one test fails, or does not, and leaves all of this open. */
import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { writeSync } from 'node:fs';
import { startSmtp } from '../smtp.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

const { WHAT = '' } = process.env;
const say = (what: string): void => void writeSync(1, `${what}\n`);

describe('a run', () => {
  it('that leaves things open', async () => {
    if (WHAT.includes('known')) {
      await startSmtp();
      say(`directory ${temporaryDirectory().path}`);
    }
    if (WHAT.includes('strange')) {
      createServer().listen(0, '127.0.0.1');
      spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: ['pipe', 'inherit', 'inherit'] });
    }
    expect(WHAT).to.not.include('fails');
  });
});
