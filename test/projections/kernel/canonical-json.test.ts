import { expect } from 'chai';
import * as fc from 'fast-check';
import { canonicalJson } from '../../../projections/kernel/canonical-json.ts';

describe('canonical JSON (RFC 8785)', () => {
  it('sorts properties by UTF-16 code units (section 3.2.3)', () => {
    const value = { '\u20ac': 'Euro Sign', '\r': 'Carriage Return', '\ufb33': 'Hebrew Letter Dalet With Dagesh', '1': 'One', '\ud83d\ude00': 'Emoji', '\u0080': 'Control', '\u00f6': 'Latin' };
    expect(canonicalJson(value)).to.equal(
      '{"\\r":"Carriage Return","1":"One","\u0080":"Control","\u00f6":"Latin","\u20ac":"Euro Sign","\ud83d\ude00":"Emoji","\ufb33":"Hebrew Letter Dalet With Dagesh"}',
    );
  });

  it('writes numbers as ECMAScript does (appendix B)', () => {
    expect(canonicalJson([0, -0, 333333333.3333333, 1e30, 4.5, 2e-3, 1e-27, 9007199254740992])).to.equal('[0,0,333333333.3333333,1e+30,4.5,0.002,1e-27,9007199254740992]');
  });

  it('refuses what has no canonical form', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, '\ud800', ['\udead']]) expect(() => canonicalJson(value)).to.throw(TypeError);
  });

  it('gives one text to one value, however it was put together', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'grapheme' }), (value) => {
        const text = canonicalJson(value);
        const again = JSON.parse(text) as never;
        expect(canonicalJson(again)).to.equal(text);
        expect(again).to.deep.equal(JSON.parse(JSON.stringify(value)));
      }),
      { numRuns: 200 },
    );
  });
});
