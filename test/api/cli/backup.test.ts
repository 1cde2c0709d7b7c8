import { expect } from 'chai';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCli } from '../../../api/cli/program.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

describe('chancery backup', () => {
  it('writes over no file, and asks no server before it has looked', async () => {
    const directory = temporaryDirectory();
    const out = join(directory.path, 'kept.backup');
    writeFileSync(out, 'the only backup');
    const said: string[] = [];
    const io = { env: { DATA_DIR: join(directory.path, 'none'), CHANCERY_URL: 'http://127.0.0.1:1' }, out: () => undefined, err: (text: string) => void said.push(text), interactive: false };
    expect(await runCli(['backup', '--out', out], io)).to.equal(1);
    expect(said.join()).to.equal(`chancery: ${out} exists already: name a new file, so that no backup takes another's place`);
    expect(readFileSync(out, 'utf8')).to.equal('the only backup');
    directory.remove();
  });
});
