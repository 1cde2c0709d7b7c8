import { expect } from 'chai';
import { createInFlight } from '../../../api/kernel/in-flight.ts';

const all = (inFlight: ReturnType<typeof createInFlight<number>>): number[] => {
  const seen: number[] = [];
  inFlight.each((item) => seen.push(item));
  return seen.toSorted((one, other) => one - other);
};

describe('kernel: what is in flight', () => {
  it('is what has begun and has not ended, in whatever order things end', () => {
    const inFlight = createInFlight<number>();
    const ends = [0, 1, 2, 3, 4].map((item) => inFlight.begin(item));
    ends[0]?.();
    ends[4]?.();
    ends[2]?.();
    expect(all(inFlight)).to.deep.equal([1, 3]);
    const end = inFlight.begin(5);
    ends[3]?.();
    expect(all(inFlight)).to.deep.equal([1, 5]);
    ends[1]?.();
    end();
    expect(all(inFlight)).to.deep.equal([]);
  });

  it('ends each once: the second time takes nobody else away', () => {
    const inFlight = createInFlight<number>();
    const end = inFlight.begin(1);
    end();
    inFlight.begin(2);
    end();
    expect(all(inFlight)).to.deep.equal([2]);
  });

  it('leaves out who ends while the others are visited', () => {
    const inFlight = createInFlight<number>();
    const ends = new Map([1, 2, 3].map((item) => [item, inFlight.begin(item)]));
    const seen: number[] = [];
    inFlight.each((item) => {
      seen.push(item);
      for (const other of [1, 2, 3]) if (other !== item) ends.get(other)?.();
    });
    expect(seen).to.have.length(1);
  });
});
