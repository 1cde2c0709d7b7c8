import { expect } from 'chai';
import { parse } from 'csv-parse/sync';
import * as fc from 'fast-check';
import { csvRecord } from '../../../api/qwick-cert/csv.ts';

const reread = (record: string): readonly string[] => parse(record, { recordDelimiter: '\r\n', relaxColumnCount: true })[0] ?? [];

describe('CSV', () => {
  for (const start of ['=', '+', '-', '@', '\t', '\r', '\n', '\0']) {
    it(`guards a cell that starts with ${JSON.stringify(start)}`, () =>
      expect(reread(csvRecord(['x', `${start}cmd|' /C calc'!A0`]))).to.deep.equal(['x', `'${start}cmd|' /C calc'!A0`]));
  }

  it('leaves every other cell as it is', () =>
    expect(csvRecord(['MyApp.exe', 2_048_576, -1, null, '', "it's", ' =1'])).to.equal("MyApp.exe,2048576,-1,,,it's, =1\r\n"));

  it('quotes commas, quotes and line ends, and doubles quotes', () =>
    expect(csvRecord(['a,b', 'say "hi"', 'two\r\nlines', 'r\rn'])).to.equal('"a,b","say ""hi""","two\r\nlines","r\rn"\r\n'));

  it('is what an independent reader gets back, the guard aside', () =>
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 2, maxLength: 8 }), (cells) => {
        const guarded = cells.map((text) => (/^[=+\-@\t\r\n\0]/u.test(text) ? `'${text}` : text));
        expect(reread(csvRecord(cells))).to.deep.equal(guarded);
      }),
    ));
});
