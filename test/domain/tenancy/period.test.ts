import { expect } from 'chai';
import * as fc from 'fast-check';
import { periodAt, plusMonths } from '../../../domain/tenancy/period.ts';

const at = (text: string): number => Date.parse(text);
const iso = (text: string): string => new Date(text).toISOString();
const pro = (since: string, currentPeriodEnd?: string) => ({ plan: 'pro', since, ...(currentPeriodEnd !== undefined && { currentPeriodEnd }) });
const between = (plan: Parameters<typeof periodAt>[0], now: string) => {
  const { start, end } = periodAt(plan, at(now));
  return [start, end];
};

describe('period', () => {
  const cases: readonly (readonly [string, Parameters<typeof periodAt>[0], now: string, start: string, end: string])[] = [
    ['a month from the plan\'s start', pro('2026-03-09T15:00:00.000Z'), '2026-03-20T00:00:00Z', '2026-03-09T15:00:00Z', '2026-04-09T15:00:00Z'],
    ['its first moment', pro('2026-03-09T15:00:00.000Z'), '2026-03-09T15:00:00Z', '2026-03-09T15:00:00Z', '2026-04-09T15:00:00Z'],
    ['its last moment', pro('2026-03-09T15:00:00.000Z'), '2026-04-09T14:59:59.999Z', '2026-03-09T15:00:00Z', '2026-04-09T15:00:00Z'],
    ['the next one', pro('2026-03-09T15:00:00.000Z'), '2026-04-09T15:00:00Z', '2026-04-09T15:00:00Z', '2026-05-09T15:00:00Z'],
    ['over a year\'s end', pro('2026-11-30T00:00:00.000Z'), '2027-01-01T00:00:00Z', '2026-12-30T00:00:00Z', '2027-01-30T00:00:00Z'],
    ['the 31st in February', pro('2026-01-31T12:00:00.000Z'), '2026-03-01T00:00:00Z', '2026-02-28T12:00:00Z', '2026-03-31T12:00:00Z'],
    ['and back on the 31st', pro('2026-01-31T12:00:00.000Z'), '2026-03-31T12:00:00Z', '2026-03-31T12:00:00Z', '2026-04-30T12:00:00Z'],
    ['the 31st in a leap February', pro('2028-01-31T12:00:00.000Z'), '2028-02-29T13:00:00Z', '2028-02-29T12:00:00Z', '2028-03-31T12:00:00Z'],
    ['a year on Free', { plan: 'free', since: '2026-03-09T15:00:00.000Z' }, '2027-03-09T14:59:59.999Z', '2026-03-09T15:00:00Z', '2027-03-09T15:00:00Z'],
    ['a year from a leap day', { plan: 'free', since: '2028-02-29T00:00:00.000Z' }, '2029-03-01T00:00:00Z', '2029-02-28T00:00:00Z', '2030-02-28T00:00:00Z'],
    ['and back on the leap day', { plan: 'free', since: '2028-02-29T00:00:00.000Z' }, '2032-06-01T00:00:00Z', '2032-02-29T00:00:00Z', '2033-02-28T00:00:00Z'],
    ['the end that the operator has set', pro('2026-01-01T00:00:00.000Z', '2026-04-09T00:00:00.000Z'), '2026-03-20T00:00:00Z', '2026-03-09T00:00:00Z', '2026-04-09T00:00:00Z'],
    ['an end that has passed goes on', pro('2026-01-01T00:00:00.000Z', '2026-04-09T00:00:00.000Z'), '2026-06-10T00:00:00Z', '2026-06-09T00:00:00Z', '2026-07-09T00:00:00Z'],
    ['an end of the 31st, looked at before', pro('2026-01-01T00:00:00.000Z', '2026-05-31T00:00:00.000Z'), '2026-04-29T00:00:00Z', '2026-03-31T00:00:00Z', '2026-04-30T00:00:00Z'],
    ['one whose end was moved', { ...pro('2026-01-01T00:00:00.000Z', '2026-04-09T00:00:00.000Z'), period: { start: '2026-03-01T00:00:00.000Z', end: '2026-04-09T00:00:00.000Z' } }, '2026-04-08T23:59:59.999Z', '2026-03-01T00:00:00Z', '2026-04-09T00:00:00Z'],
    ['and the one after it', { ...pro('2026-01-01T00:00:00.000Z', '2026-04-09T00:00:00.000Z'), period: { start: '2026-03-01T00:00:00.000Z', end: '2026-04-09T00:00:00.000Z' } }, '2026-04-09T00:00:00Z', '2026-04-09T00:00:00Z', '2026-05-09T00:00:00Z'],
    ['a clock before the plan', pro('2026-03-09T15:00:00.000Z'), '2026-01-01T00:00:00Z', '2025-12-09T15:00:00Z', '2026-01-09T15:00:00Z'],
  ];
  for (const [name, plan, now, start, end] of cases) it(name, () => expect(between(plan, now)).to.deep.equal([iso(start), iso(end)]));

  it('always holds the moment, and its neighbours touch it', () => {
    const moment = fc.integer({ min: at('2020-01-01T00:00:00Z'), max: at('2040-01-01T00:00:00Z') });
    fc.assert(
      fc.property(moment, moment, fc.constantFrom('free', 'pro'), (since, now, plan) => {
        const terms = { plan, since: new Date(since).toISOString() };
        const { start, end, id } = periodAt(terms, now);
        expect(at(start)).to.be.at.most(now);
        expect(at(end)).to.be.greaterThan(now);
        expect(periodAt(terms, at(end)).start).to.equal(end);
        expect(periodAt(terms, at(start) - 1).end).to.equal(start);
        expect(periodAt(terms, at(end) - 1).id).to.equal(id);
      }),
      { numRuns: 2_000 },
    );
  });

  it('never mixes a month with a year of the same start', () => {
    const since = '2026-03-09T15:00:00.000Z';
    expect(periodAt({ plan: 'free', since }, at(since)).id).to.not.equal(periodAt({ plan: 'pro', since }, at(since)).id);
  });

  it('moves by months backwards as well', () => expect(plusMonths(new Date('2026-03-31T10:00:00Z'), -1).toISOString()).to.equal('2026-02-28T10:00:00.000Z'));
});
