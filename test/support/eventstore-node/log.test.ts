import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import type { LogEvent, ProposedEvent } from './event.ts';
import type { Journal } from './journal.ts';
import { EventLog } from './log.ts';

const event = (): ProposedEvent => ({ id: randomUUID(), type: 'Made', contentType: 'application/json', data: Buffer.from('{}'), metadata: new Uint8Array() });

/** A journal whose disk waits to be told that what was added is on it, one waiting after the other. */
const slowJournal = (): { journal: Journal; settle: () => void } => {
  let end = 0;
  const waiting: (() => void)[] = [];
  const journal: Journal = {
    add: (payloads) => payloads.map(({ length }) => (end += length)),
    flushed: () => new Promise<void>((resolve) => void waiting.push(resolve)),
    cut: () => undefined,
    frames: [],
    close: async () => undefined,
  };
  return { journal, settle: () => waiting.shift()?.() };
};

describe('log of the small EventStoreDB node', () => {
  it('shows nobody what is not on disk yet, and decides by it all the same', async () => {
    const { journal, settle } = slowJournal();
    const log = new EventLog(journal, 'plain');
    const first = event();
    const one = log.append('a', 'no-stream', [first]);
    const two = log.append('a', 0, [event(), event()]);
    const repeated = log.append('a', 'no-stream', [first]);
    expect(await log.append('a', 'no-stream', [event()])).to.deep.equal({ outcome: 'wrong-version', current: 2 });
    expect([log.stream('a'), log.all]).to.deep.equal([undefined, []]);
    settle();
    expect(await one).to.include({ outcome: 'success', revision: 0 });
    expect([log.stream('a')?.length, log.all.length]).to.deep.equal([1, 1]);
    settle();
    expect(await two).to.include({ outcome: 'success', revision: 2 });
    expect([log.stream('a')?.length, log.all.length]).to.deep.equal([3, 3]);
    settle();
    expect(await repeated).to.deep.equal(await one);
  });

  it('shows a transaction whole', async () => {
    const { journal, settle } = slowJournal();
    const log = new EventLog(journal, 'transactions');
    const both = log.append('a', 'no-stream', [event(), event()]);
    const next = log.append('a', 1, [event()]);
    settle();
    await both;
    expect(log.stream('a')?.map(({ revision }) => revision)).to.deep.equal([0, 1]);
    settle();
    await next;
    const [one, two, three] = log.all as [LogEvent, LogEvent, LogEvent];
    expect(one.commit).to.equal(two.commit);
    expect(one.prepare).to.be.lessThan(two.prepare);
    expect(three.prepare).to.be.greaterThan(two.commit);
  });
});
