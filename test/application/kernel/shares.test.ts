import { expect } from 'chai';
import { createShares } from '../../../application/kernel/shares.ts';

const turns = async (): Promise<void> => {
  for (let n = 0; n < 10; n += 1) await Promise.resolve();
};

describe('shares', () => {
  it('let so many of one key run at once, the others in their order, and nobody wait for another key', async () => {
    const shares = createShares<string>(2);
    const begun: string[] = [];
    const ends = new Map<string, () => void>();
    const work = (key: string, name: string): Promise<string> =>
      shares(key, () => {
        begun.push(name);
        return new Promise((resolve) => { ends.set(name, () => resolve(name)); });
      });
    const all = ['a1', 'a2', 'a3', 'a4', 'b1'].map((name) => work(name.slice(0, 1), name));
    await turns();
    expect(begun).to.deep.equal(['a1', 'a2', 'b1']);
    ends.get('a2')?.();
    await turns();
    expect(begun).to.deep.equal(['a1', 'a2', 'b1', 'a3']);
    for (const name of ['a1', 'a3', 'b1']) ends.get(name)?.();
    await turns();
    ends.get('a4')?.();
    expect(await Promise.all(all)).to.deep.equal(['a1', 'a2', 'a3', 'a4', 'b1']);
  });

  it('give a place back when the work fails', async () => {
    const shares = createShares<string>(1);
    const failed = shares('a', async () => Promise.reject(new Error('no')));
    const next = shares('a', async () => 'yes');
    expect(await failed.catch((error: Error) => error.message)).to.equal('no');
    expect(await next).to.equal('yes');
    expect(await shares('a', async () => 'again')).to.equal('again');
  });
});
