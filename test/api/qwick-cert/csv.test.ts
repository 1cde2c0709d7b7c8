import { expect } from 'chai';
import { parse } from 'csv-parse/sync';
import * as fc from 'fast-check';
import { csvRecord } from '../../../api/qwick-cert/csv.ts';

const reread = (record: string): readonly string[] => parse(record, { recordDelimiter: '\r\n', relaxColumnCount: true })[0] ?? [];

describe('CSV', () => {
  for (const start of ['=', '+', '-', '@', '\t', '\r', '\n', '\0', '＝', '＋', '－', '＠', ' =', '\u00a0\u3000+', '\u0001-', '\ufeff\u200b@', ' \v＝']) {
    it(`guards a cell that starts with ${JSON.stringify(start)}`, () =>
      expect(reread(csvRecord(['x', `${start}cmd|' /C calc'!A0`]))).to.deep.equal(['x', `'${start}cmd|' /C calc'!A0`]));
  }

  it('leaves every other cell as it is', () =>
    expect(csvRecord(['MyApp.exe', 2_048_576, -1, null, '', "it's", ' a=1', ' ', 'a＝1'])).to.equal("MyApp.exe,2048576,-1,,,it's, a=1, ,a＝1\r\n"));

  it('quotes commas, quotes and line ends, and doubles quotes', () =>
    expect(csvRecord(['a,b', 'say "hi"', 'two\r\nlines', 'r\rn'])).to.equal('"a,b","say ""hi""","two\r\nlines","r\rn"\r\n'));

  it('is what an independent reader gets back, the guard aside', () =>
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 2, maxLength: 8 }), (cells) => {
        const found = reread(csvRecord(cells));
        expect(found.map((text, index) => (text === cells[index] ? text : text.slice(1)))).to.deep.equal(cells);
        expect(found.every((text, index) => text === cells[index] || text.startsWith("'"))).to.equal(true);
        for (const text of found) expect(text).to.not.match(/^(?:[\t\r\n\0]|[\s\p{C}]*[=+\-@＝＋－＠])/u);
      }),
    ));
});
