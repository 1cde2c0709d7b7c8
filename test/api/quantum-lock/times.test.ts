import { expect } from 'chai';
import { Rejection } from '../../../domain/kernel/rejection.ts';
import { accountNumber } from '../../../api/quantum-lock/account-number.ts';
import { parseMoment, timesFor } from '../../../api/quantum-lock/times.ts';
import type { TenantId } from '../../../domain/kernel/ids.ts';

const AT = Date.parse('2025-06-15T10:30:00.999Z');
const written = (accept?: string): string => timesFor({ header: () => accept })(AT);

describe('quantum-lock: times', () => {
  it('are written as UTC without a zone, in whole seconds', () => {
    for (const accept of [undefined, '', '*/*', 'application/json', 'application/json;profile=other', 'application/json;q=0.5', 'text/html;profile="utc-z"', 'application/json-seq;profile="utc-z"', ';;;,,,===']) {
      expect(written(accept), accept).to.equal('2025-06-15T10:30:00');
    }
    expect(timesFor({ header: () => undefined })('2025-06-15T10:30:00.999Z')).to.equal('2025-06-15T10:30:00');
  });

  it('have a Z for whoever asks for it', () => {
    for (const accept of ['application/json;profile="utc-z"', 'application/json; profile=utc-z', 'text/html, APPLICATION/JSON ; charset=utf-8 ; Profile="utc-z";q=0.9, */*']) {
      expect(written(accept), accept).to.equal('2025-06-15T10:30:00Z');
    }
  });

  it('are read with a Z, with an offset, and as UTC without either', () => {
    const read: readonly (readonly [string, string])[] = [
      ['2025-06-15T10:30:00Z', '2025-06-15T10:30:00.000Z'], ['2025-06-15T12:30:00+02:00', '2025-06-15T10:30:00.000Z'], ['2025-06-15T12:30:00 02:00', '2025-06-15T10:30:00.000Z'],
      ['2025-06-15T10:30:00', '2025-06-15T10:30:00.000Z'], ['2025-06-15T10:30', '2025-06-15T10:30:00.000Z'], ['2025-06-15T10:30:00.1239999', '2025-06-15T10:30:00.123Z'], ['2025-06-15', '2025-06-15T00:00:00.000Z'],
    ];
    for (const [text, moment] of read) expect(parseMoment('since', text), text).to.equal(moment);
    expect(() => parseMoment('since', 'June')).to.throw(Rejection).with.nested.property('details.fields.since').that.matches(/ISO 8601/);
  });
});

const idOf = (milliseconds: number, random: string): TenantId => {
  const hex = milliseconds.toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7${random}-8123-456789abcdef` as TenantId;
};

describe('quantum-lock: the number of an account', () => {
  it('is an integer that JSON holds exactly, as late as 2089, and grows with the time', () => {
    const late = Date.parse('2089-01-01T00:00:00.000Z');
    const numbers = [AT, AT + 1, late].map((at) => accountNumber(idOf(at, 'fff'), new Date(at).toISOString()));
    for (const number of numbers) expect(Number.isSafeInteger(number)).to.equal(true);
    expect(numbers.toSorted((one, other) => one - other)).to.deep.equal(numbers);
  });

  it('says when the account was made, and 12 bits more', () => {
    const number = accountNumber(idOf(AT, 'abc'), new Date(AT).toISOString());
    expect(number % 4_096).to.equal(0xabc);
    expect(Math.floor(number / 4_096) + Date.UTC(2020, 0, 1)).to.equal(AT);
    expect(accountNumber(idOf(0, '001'), '2019-01-01T00:00:00.000Z')).to.equal(1);
  });
});
