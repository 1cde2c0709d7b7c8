import { expect } from 'chai';
import { ledger, LICENCES_IN_A_VOLUME, monthOf, type GenerateLicence } from '../../../domain/licensing/ledger.ts';
import type { LedgerEvent } from '../../../domain/licensing/licence.events.ts';
import { generatedEvent, keyNumber, volumeOpened } from '../../support/licensing.ts';
import { specification } from '../../support/specification.ts';

const { given } = specification(ledger);

const generate = (changed: Partial<GenerateLicence['data']> = {}): GenerateLicence => {
  const { number: _, ...data } = generatedEvent().data;
  return { type: 'GenerateLicence', data: { ...data, limit: 100, ...changed } };
};
/** So many licences of a month, numbered from one. */
const sold = (count: number, month = '2026-11'): readonly LedgerEvent[] =>
  Array.from({ length: count }, (_, index) => generatedEvent({ number: index + 1, licenceKey: keyNumber(index + 1), month }));
const closed = (count: number): LedgerEvent => ({ type: 'LedgerVolumeClosed', data: { sold: count } });

describe('a ledger of licences', () => {
  it('numbers them from 1', () => {
    given().when(generate()).then(generatedEvent({ number: 1 }));
    given(...sold(2)).when(generate()).then(generatedEvent({ number: 3 }));
  });

  it('knows a licence key of its volume, whatever else is asked with it', () => {
    given().twice(generate());
    given(...sold(100)).when(generate({ licenceKey: keyNumber(100), limit: 100, month: '2026-12' })).nothing();
    given(...sold(3), closed(3)).when(generate({ licenceKey: keyNumber(3) })).nothing();
  });

  it('generates as many in a month as the plan allows, and not one more', () => {
    given(...sold(99)).when(generate()).then(generatedEvent({ number: 100 }));
    given(...sold(100)).when(generate()).rejected('licensing.quota_exceeded', { limit: 100, month: '2026-11' });
    given(...sold(100)).when(generate({ limit: 101 })).then(generatedEvent({ number: 101 }));
  });

  it('begins to count again in the next month', () => {
    given(...sold(100)).when(generate({ month: '2026-12' })).then(generatedEvent({ number: 101, month: '2026-12' }));
    given(...sold(100), generatedEvent({ number: 101, month: '2026-12', licenceKey: keyNumber(101) })).when(generate({ month: '2026-12', limit: 1 }))
      .rejected('licensing.quota_exceeded', { limit: 1, month: '2026-12' });
  });

  it('does not reopen a month when the clock is set back', () => {
    const december = generatedEvent({ number: 1, month: '2026-12', licenceKey: keyNumber(1) });
    given(december).when(generate({ month: '2026-11', limit: 1 })).rejected('licensing.quota_exceeded', { limit: 1, month: '2026-12' });
    given(december).when(generate({ month: '1999-01' })).then(generatedEvent({ number: 2, month: '2026-12' }));
  });

  it('closes a full volume, and goes on where it ended in the next', () => {
    const full = sold(LICENCES_IN_A_VOLUME);
    given(...full).when(generate({ limit: 10_000 })).then(closed(LICENCES_IN_A_VOLUME));
    given(...full, closed(LICENCES_IN_A_VOLUME)).when(generate({ limit: 10_000 })).rejected('licensing.ledger_volume_closed');
    given(volumeOpened({ sold: 1_000, inMonth: 40 })).when(generate()).then(generatedEvent({ number: 1_001 }));
    given(volumeOpened({ sold: 1_000, inMonth: 100 })).when(generate()).rejected('licensing.quota_exceeded', { limit: 100, month: '2026-11' });
  });

  it('refuses what is beyond the limit before it closes a volume', () => {
    given(...sold(LICENCES_IN_A_VOLUME)).when(generate({ limit: 1_000 })).rejected('licensing.quota_exceeded', { limit: 1_000, month: '2026-11' });
  });

  it('opens a volume once', () => {
    const open = { type: 'OpenLedgerVolume', data: volumeOpened().data } as const;
    given().when(open).then(volumeOpened());
    given().twice(open);
    given(volumeOpened(), generatedEvent({ number: 1_001 })).when(open).nothing();
  });

  it('counts in the newer of two months', () => {
    expect(monthOf({ month: '', inMonth: 0 }, '2026-11')).to.deep.equal({ month: '2026-11', inMonth: 0 });
    expect(monthOf({ month: '2026-11', inMonth: 7 }, '2026-11')).to.deep.equal({ month: '2026-11', inMonth: 7 });
    expect(monthOf({ month: '2026-11', inMonth: 7 }, '2026-10')).to.deep.equal({ month: '2026-11', inMonth: 7 });
    expect(monthOf({ month: '2026-11', inMonth: 7 }, '2027-01')).to.deep.equal({ month: '2027-01', inMonth: 0 });
  });

  it('keeps every key of a volume apart', () => {
    const events = sold(LICENCES_IN_A_VOLUME);
    const state = events.reduce(ledger.evolve, ledger.initialState);
    for (const event of events) {
      if (event.type !== 'LicenceGenerated') continue;
      expect(ledger.decide(generate({ licenceKey: event.data.licenceKey, limit: 10_000 }), state)).to.deep.equal([]);
    }
    expect(ledger.decide(generate({ licenceKey: keyNumber(1_001), limit: 10_000 }), state)).to.have.length(1);
    expect(ledger.initialState.keys.flat(), 'what was before is as it was').to.deep.equal([]);
  });
});
