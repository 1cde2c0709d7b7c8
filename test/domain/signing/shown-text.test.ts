import { expect } from 'chai';
import { showsSomething, turnsDirection } from '../../../domain/signing/shown-text.ts';

describe('text as it is shown', () => {
  const nothing: Readonly<Record<string, string>> = {
    'nothing at all': '', 'white space': ' \t\n\u00a0\u3000', 'zero width': '\u200b\u200c\u200d\ufeff\u2060', 'a Hangul filler': '\u3164\u115f\u1160\uffa0',
    'a soft hyphen': '\u00ad', 'the blank of braille': '\u2800', 'a variation selector': '\ufe0f', 'an accent alone': '\u0301', 'a tag': '\u{e0041}', 'a control': '\u0007', 'private use': '\ue000',
  };
  for (const [what, text] of Object.entries(nothing)) it(`${what} shows nothing`, () => expect(showsSomething(text)).to.equal(false));
  for (const text of ['x', '.', ' x ', '\u200bx', 'é', 'e\u0301', '発売', 'إصدار', '👍🏽', '한국어']) it(`${text} shows something`, () => expect(showsSomething(text)).to.equal(true));

  it('is turned by embeddings, overrides and isolates, not by the scripts themselves and their marks', () => {
    for (const code of [0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069]) expect(turnsDirection(`a${String.fromCodePoint(code)}b`), code.toString(16)).to.equal(true);
    for (const text of ['', 'a.exe', 'ברנר.exe', 'تثبيت.msi', 'a\u200f.exe', 'a\u200e.exe']) expect(turnsDirection(text)).to.equal(false);
  });
});
