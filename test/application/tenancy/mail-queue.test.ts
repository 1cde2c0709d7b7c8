/** Mails that wait: how many, and for how long. */
import { expect } from 'chai';
import { createMailQueue, MAIL_QUEUE, type Claim, type MailReference } from '../../../application/tenancy/mail-queue.ts';
import { createMemoryState, TENANT } from '../../api/kernel/support.ts';

const mail = (id: string): MailReference => ({ kind: 'invitation', tenant: TENANT, userId: 'u', id });
const due = async (queue: ReturnType<typeof createMailQueue>): Promise<readonly Claim[]> => {
  const claims: Claim[] = [];
  for await (const claim of queue.due()) claims.push(claim);
  return claims;
};

describe('the queue of mails', () => {
  let now = 1_000_000;
  const clock = { now: () => now };

  it('tells how many wait, and how long the first has, whatever was tried meanwhile', async () => {
    const queue = createMailQueue({ state: createMemoryState(clock.now), clock });
    expect(await queue.waiting()).to.deep.equal({ mails: 0, longestMs: 0 });
    await queue.put(mail('a'));
    now += 5_000;
    await queue.put(mail('b'));
    await queue.put(mail('a'));
    const [first, second] = await due(queue);
    expect(first?.reference).to.deep.equal(mail('a'));
    await first?.again(60_000);
    await second?.done();
    now += 60_000;
    expect(await queue.waiting()).to.deep.equal({ mails: 1, longestMs: 65_000 });
    const [again] = await due(queue);
    expect([again?.reference, again?.attempts]).to.deep.equal([mail('a'), 2]);
    await again?.done();
    expect(await queue.waiting()).to.deep.equal({ mails: 0, longestMs: 0 });
  });

  it('counts what an earlier release has put there, which did not say when', async () => {
    const state = createMemoryState(clock.now);
    await state.compareAndSet(MAIL_QUEUE, `${TENANT}/a`, undefined, { value: JSON.stringify({ ...mail('a'), attempts: 0, notBefore: now }) });
    const queue = createMailQueue({ state, clock });
    expect(await queue.waiting()).to.deep.equal({ mails: 1, longestMs: 0 });
    const [first] = await due(queue);
    await first?.again(0);
    expect(await queue.waiting()).to.deep.equal({ mails: 1, longestMs: 0 });
    expect((await due(queue))[0]?.reference).to.deep.equal(mail('a'));
  });

  it('makes nothing of a clock that was set back', async () => {
    const queue = createMailQueue({ state: createMemoryState(clock.now), clock });
    await queue.put(mail('a'));
    now -= 3_600_000;
    expect(await queue.waiting()).to.deep.equal({ mails: 1, longestMs: 0 });
  });
});
