import { expect } from 'chai';
import { argon2Sync } from 'node:crypto';
import { createPasswords } from '../../../infrastructure/crypto/passwords.ts';
import { rejection } from '../../support/rejections.ts';

const median = async (work: () => Promise<unknown>): Promise<number> => {
  const times: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  return times.toSorted((one, other) => one - other)[2] ?? 0;
};

describe('password hashes', () => {
  const passwords = createPasswords();

  it('are argon2id PHC strings with a salt of their own, which another implementation call agrees with', async () => {
    const [one, two] = await Promise.all([passwords.hash('correct horse'), passwords.hash('correct horse')]);
    expect(one).to.match(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/u);
    expect(one).not.to.equal(two);
    const [salt = '', hash] = one.split('$').slice(4);
    const again = argon2Sync('argon2id', { message: 'correct horse', nonce: Buffer.from(salt, 'base64'), memory: 19_456, passes: 2, parallelism: 1, tagLength: 32 });
    expect(again.toString('base64').replace(/=+$/u, '')).to.equal(hash);
  });

  it('fit their password only, in whatever Unicode form it is typed', async () => {
    const hash = await passwords.hash('pâsswörd ﬁne');
    expect(await passwords.verify('pa\u0302sswo\u0308rd fine', hash)).to.equal(true);
    for (const wrong of ['passwörd fine', 'Pâsswörd ﬁne', 'pâsswörd ﬁne ', '']) expect(await passwords.verify(wrong, hash)).to.equal(false);
  });

  it('that do not exist fit nothing, after the same work', async () => {
    const hash = await passwords.hash('x'.repeat(20));
    expect(await passwords.verify('anything', undefined)).to.equal(false);
    const known = await median(() => passwords.verify('wrong', hash));
    const unknown = await median(() => passwords.verify('wrong', undefined));
    // Without the work an answer takes no time at all; the exact ratio is the machine's affair.
    expect(unknown).to.be.greaterThan(known / 4);
  });

  it('are made a few at a time; too many at once are refused', async () => {
    const narrow = createPasswords({ atOnce: 1, waiting: 2 });
    const ended = await Promise.allSettled(Array.from({ length: 5 }, () => narrow.hash('x')));
    expect(ended.map(({ status }) => status)).to.deep.equal(['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected']);
    const full = Array.from({ length: 3 }, () => narrow.hash('x'));
    expect((await rejection(narrow.hash('x'))).code).to.equal('kernel.busy');
    await Promise.all(full);
    await narrow.hash('and again');
  });
});
