import { expect } from 'chai';
import { subjectName } from '../../../application/authorities/subject-name.ts';

describe('authorities: subject names', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['an ordinary name', 'Acme Corp', 'Acme Corp'],
    ['letters of other scripts', '株式会社アクメ', '株式会社アクメ'],
    ['line breaks and tabs become blanks', 'Acme\r\n\tCorp', 'Acme Corp'],
    ['control characters go', 'Ac\u0000me\u001b', 'Acme'],
    ['bidirectional overrides go', 'Acme\u202Egro.live', 'Acmegro.live'],
    ['zero-width characters go', 'Ac\u200Bme', 'Acme'],
    ['composed and decomposed are one', 'Cafe\u0301', 'Café'],
    ['a name is cut at 64 characters, not in one', '𝔸'.repeat(80), '𝔸'.repeat(64)],
    ['what looks like another attribute is only text', 'Acme, O=Microsoft', 'Acme, O=Microsoft'],
    ['nothing left', ' \u200B ', 'fallback'],
  ];
  for (const [what, given, expected] of cases) it(what, () => expect(subjectName(given, 'fallback')).to.equal(expected));
});
