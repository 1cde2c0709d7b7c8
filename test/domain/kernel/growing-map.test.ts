import { expect } from 'chai';
import { emptyMap } from '../../../domain/kernel/growing-map.ts';

describe('a map that only grows', () => {
  it('is a value: what is added to it is in another', () => {
    const one = emptyMap<string, number>().with('a', 1);
    const [two, three] = [one.with('b', 2), one.with('c', 3)];
    expect([[...one.values()], [...two.values()], [...three.values()]]).to.deep.equal([[1], [1, 2], [1, 3]]);
    expect([one.has('b'), two.get('b'), three.get('b'), two.size]).to.deep.equal([false, 2, undefined, 2]);
  });

  it('keeps their order, whatever its size', () => {
    let map = emptyMap<number, number>();
    for (let index = 0; index < 1_000; index += 1) {
      map = map.with(index, index);
      expect(map.size).to.equal(index + 1);
    }
    expect([...map.values()]).to.deep.equal(Array.from({ length: 1_000 }, (_, index) => index));
    expect([0, 511, 999].map((key) => map.get(key))).to.deep.equal([0, 511, 999]);
  });

  it('takes 30,000 in a fraction of the time that a copy for each would', () => {
    const begun = performance.now();
    let map = emptyMap<number, number>();
    for (let index = 0; index < 30_000; index += 1) map = map.with(index, index);
    expect(map.size).to.equal(30_000);
    expect(performance.now() - begun).to.be.below(3_000);
  });
});
