import { expect } from 'chai';
import { daysUntil, parseBound, toSeconds } from '../../../api/qwick-cert/times.ts';
import { Rejection } from '../../../domain/kernel/rejection.ts';

const at = (text: string) => Date.parse(text);

describe('times of API keys', () => {
  it('shows whole seconds', () => expect(toSeconds(at('2026-03-01T12:00:00.999Z'))).to.equal('2026-03-01T12:00:00Z'));

  it('counts whole days, rounded down', () => {
    expect(daysUntil(at('2026-09-09T00:00:00Z'), at('2026-03-09T15:00:00Z'))).to.equal(183);
    expect(daysUntil(at('2026-09-09T00:00:00Z'), at('2026-09-08T00:00:00Z'))).to.equal(1);
    expect(daysUntil(at('2026-09-09T00:00:00Z'), at('2026-09-08T00:00:00.001Z'))).to.equal(0);
    expect(daysUntil(at('2026-09-09T00:00:00Z'), at('2026-09-09T00:00:00.001Z'))).to.equal(-1);
  });
});

describe('bounds on created_at', () => {
  const cases: readonly (readonly ['date_from' | 'date_to', string, string])[] = [
    ['date_from', '2026-01-01', '2026-01-01T00:00:00.000Z'],
    ['date_to', '2026-01-01', '2026-01-01T23:59:59.999Z'],
    ['date_from', '2026-01-01T10:00:00Z', '2026-01-01T10:00:00.000Z'],
    ['date_to', '2026-01-01T10:00:00.1234567Z', '2026-01-01T10:00:00.123Z'],
    ['date_from', '2026-01-01T00:30:00+02:00', '2025-12-31T22:30:00.000Z'],
    ['date_from', '2026-01-01T00:30:00 02:00', '2025-12-31T22:30:00.000Z'],
    ['date_from', '2026-01-01T00:30Z', '2026-01-01T00:30:00.000Z'],
    ['date_to', '2028-02-29', '2028-02-29T23:59:59.999Z'],
  ];
  for (const [name, text, expected] of cases) it(`${name}=${text} is ${expected}`, () => expect(parseBound(name, text)).to.equal(expected));

  const bad = [
    '', 'yesterday', '2026', '2026-1-1', '2026-02-30', '2026-13-01', '2026-01-01T25:00:00Z', '2026-01-01T10:00:00', '2026-01-01 10:00:00Z',
    '20260101', '1741537424', '2026-01-01T10:00:00Z[UTC]', '+002026-01-01', '9999-12-31T23:59:59-01:00', "2026-01-01'--",
  ];
  for (const text of bad) {
    it(`${JSON.stringify(text)} is refused, naming the field`, () => {
      for (const name of ['date_from', 'date_to'] as const) {
        expect(() => parseBound(name, text)).to.throw(Rejection).with.nested.property(`details.fields.${name}`);
      }
    });
  }
});
