/** What a scraper sees of the relay: how old the oldest event is that Kafka has yet to get. */
import { expect } from 'chai';
import { watchRelay } from '../../../api/composition/fanout-metrics.ts';
import type { FeedFilter, Recorded } from '../../../application/kernel/ports.ts';
import type { Position } from '../../../domain/kernel/ids.ts';
import type { GaugeReading } from '../../../infrastructure/runtime/metrics.ts';

const at = (place: number): Position => String(place).padStart(20, '0') as Position;
const START = Date.parse('2026-03-09T14:00:00.000Z');
/** An event a second, from the first on; each third is not public. */
const events = [1, 2, 3, 4, 5, 6].map((place) => ({ position: at(place), type: place % 3 === 0 ? 'Inner' : 'Public', time: new Date(START + place * 1_000).toISOString() }) as unknown as Recorded);

const readings = async (position: Position | undefined): Promise<readonly GaugeReading[]> => {
  const log = {
    head: async () => at(6),
    feed: ({ types }: FeedFilter = {}) => ({
      pull: async (after: Position | undefined) => ({ events: events.filter((event) => event.position > (after ?? '') && types?.includes(event.type) === true), scannedTo: at(6) }),
    }),
  };
  const read: (() => readonly GaugeReading[] | Promise<readonly GaugeReading[]>)[] = [];
  watchRelay({ gauge: (name, _help, _labels, ask) => void (name === 'relay_lag_seconds' && read.push(ask)) }, { position: async () => position, types: ['Public'], log, clock: { now: () => START + 10_000 } });
  return read[0]?.() ?? [];
};

describe('the lag of the relay', () => {
  it('is the age of the oldest public event that it has not passed', async () => {
    expect(await readings(undefined)).to.deep.equal([{ value: 9 }]);
    expect(await readings(at(2))).to.deep.equal([{ value: 6 }]);
  });
  it('is none where only others follow', async () => expect(await readings(at(5))).to.deep.equal([{ value: 0 }]));
});
