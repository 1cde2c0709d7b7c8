import { expect } from 'chai';
import { failureOf, fractionOf, nextAttemptAt, RETRIED_FOR_MS, RETRY_OFFSETS_MS, retryAfterOf } from '../../../domain/delivery/retries.ts';

const FIRST = Date.parse('2026-03-09T14:00:00.000Z');

/** The offsets of all attempts of a delivery that always fails, each made as soon as it is due. */
const attempts = (fraction: number): readonly number[] => {
  const made = [FIRST];
  for (;;) {
    const next = nextAttemptAt({ firstAt: FIRST, now: made.at(-1) as number, fraction });
    if (next === undefined) return made.map((at) => at - FIRST);
    made.push(next);
  }
};

describe('domain: when deliveries are tried again', () => {
  it('goes by the schedule of Standard Webhooks', () => expect(attempts(0)).to.deep.equal([0, ...RETRY_OFFSETS_MS]));
  it('keeps the number and the order of attempts, whatever the jitter', () => {
    for (const fraction of [0, 0.001, 0.3, 0.77, 1]) {
      const offsets = attempts(fraction);
      expect(offsets).to.have.length(10);
      expect(offsets.at(-1)).to.be.at.most(RETRIED_FOR_MS).and.at.least(RETRIED_FOR_MS * 0.9);
      offsets.slice(1).forEach((offset, index) => expect(offset).to.be.within((RETRY_OFFSETS_MS[index] as number) * 0.9, RETRY_OFFSETS_MS[index] as number));
    }
  });
  it('does not make up for attempts that were missed', () => {
    expect(nextAttemptAt({ firstAt: FIRST, now: FIRST + 3 * 3_600_000, fraction: 0 })).to.equal(FIRST + 5 * 3_600_000);
  });
  it('ends after a day', () => expect(nextAttemptAt({ firstAt: FIRST, now: FIRST + RETRIED_FOR_MS, fraction: 0 })).to.equal(undefined));
  it('leaves a receiver alone for as long as it asks, as far as the day goes', () => {
    expect(nextAttemptAt({ firstAt: FIRST, now: FIRST, retryAfterMs: 60_000, fraction: 0 })).to.equal(FIRST + 60_000);
    expect(nextAttemptAt({ firstAt: FIRST, now: FIRST, retryAfterMs: 1_000, fraction: 0 }), 'never earlier than the schedule').to.equal(FIRST + 5_000);
    expect(nextAttemptAt({ firstAt: FIRST, now: FIRST, retryAfterMs: 10 * RETRIED_FOR_MS, fraction: 0.5 })).to.equal(FIRST + RETRIED_FOR_MS);
  });
  it('spreads what failed together', () => {
    const fractions = Array.from({ length: 100 }, (_, index) => fractionOf(`019aa5c4-6f00-7000-8000-00000000${((index * 7919) % 65_536).toString(16).padStart(4, '0')}`));
    expect(new Set(fractions).size).to.be.greaterThan(90);
    for (const fraction of fractions) expect(fraction).to.be.within(0, 1);
    expect(fractionOf('none!')).to.equal(0);
  });

  it('takes 2xx for success and says why anything else is none', () => {
    const verdicts = [200, 204, 299, 300, 302, 399, 400, 410, 429, 500, 503, 0, 199].map(failureOf);
    expect(verdicts).to.deep.equal([undefined, undefined, undefined, 'redirect', 'redirect', 'redirect', 'status', 'gone', 'status', 'status', 'status', 'status', 'status']);
  });
  it('reads Retry-After in both of its forms', () => {
    expect(retryAfterOf('120', FIRST)).to.equal(120_000);
    expect(retryAfterOf('Mon, 09 Mar 2026 14:01:00 GMT', FIRST)).to.equal(60_000);
    expect(retryAfterOf('Mon, 09 Mar 2020 14:01:00 GMT', FIRST)).to.equal(0);
    for (const nothing of [undefined, '', '-1', 'soon', '1e9', '9'.repeat(40)]) expect(retryAfterOf(nothing, FIRST) ?? 0, nothing).to.equal(0);
  });
  it('takes the dates of HTTP in all their forms, wherever the machine is, and no others', () => {
    const before = process.env['TZ'];
    process.env['TZ'] = 'America/New_York';
    try {
      expect(new Date(FIRST).getTimezoneOffset(), 'the machine is elsewhere').to.equal(240);
      for (const date of ['Mon, 09 Mar 2026 14:01:00 GMT', 'Monday, 09-Mar-26 14:01:00 GMT', 'Mon Mar  9 14:01:00 2026']) expect(retryAfterOf(date, FIRST), date).to.equal(60_000);
      for (const none of ['2026-03-09T14:01:00', '9 Mar 2026 14:01:00', '1.5', 'soon 3']) expect(retryAfterOf(none, FIRST), none).to.equal(undefined);
    } finally {
      if (before === undefined) delete process.env['TZ'];
      else process.env['TZ'] = before;
    }
  });
});
