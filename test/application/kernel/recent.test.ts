/** What was used lately is kept, by number or by weight. */
import { expect } from 'chai';
import { createRecent } from '../../../application/kernel/recent.ts';

const keys = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

describe('what was used lately', () => {
  it('is between one and two times the number that is kept, the newest of all', () => {
    const recent = createRecent<number, string>(10);
    for (const key of keys(1_000)) recent.set(key, 'x');
    const found = keys(1_000).filter((key) => recent.get(key) !== undefined);
    expect(found.length).to.be.within(10, 20);
    expect(found.at(-1)).to.equal(999);
  });

  it('is between one and two times the weight that is kept, however heavy each is', () => {
    const recent = createRecent<number, string>(100, ({ length }) => length);
    for (const key of keys(1_000)) recent.set(key, 'x'.repeat(1 + (key % 30)));
    const found = keys(1_000).map((key) => recent.get(key) ?? '').filter((value) => value !== '');
    expect(found.join('').length).to.be.within(70, 260);
    recent.set(1_000, 'x'.repeat(5_000));
    expect(recent.get(1_000)).to.have.length(5_000);
  });

  it('weighs what is there: nothing twice, and nothing that was taken out', () => {
    const recent = createRecent<string, string>(100, ({ length }) => length);
    recent.set('first', 'x'.repeat(40));
    for (const _ of keys(100)) recent.set('second', 'x'.repeat(50));
    for (const key of keys(100)) {
      recent.set(String(key), 'x'.repeat(10));
      recent.delete(String(key));
      recent.delete('never there');
    }
    recent.set('third', 'x'.repeat(10));
    // Had anything counted twice, generations would have gone by without it.
    expect(recent.get('first')).to.have.length(40);
    recent.clear();
    expect(['first', 'second'].map((key) => recent.get(key))).to.deep.equal([undefined, undefined]);
  });
});
