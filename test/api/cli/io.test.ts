import { expect } from 'chai';
import { table, visible } from '../../../api/cli/io.ts';

describe('command line: what others have typed', () => {
  it('is spelt out where it would steer the terminal', () => {
    expect(visible('ok\u001B[2K\u001B]0;x\u0007 \u202Etxt.exe\r\nrow')).to.equal('ok\\u{1b}[2K\\u{1b}]0;x\\u{7} \\u{202e}txt.exe\\u{d}\\u{a}row');
    expect(visible('Ünïcode 日本 👍')).to.equal('Ünïcode 日本 👍');
  });

  it('makes no lines of its own in a table', () => {
    expect(table(['A'], [['x\ny']]).split('\n')).to.have.length(2);
  });
});
