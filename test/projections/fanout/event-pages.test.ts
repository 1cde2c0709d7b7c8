/** Pages of the log: complete up to where they say, and never dearer than a bounded part of it. */
import { expect } from 'chai';
import type { EventFeed, EventLog, FeedFilter, FeedPage } from '../../../application/kernel/ports.ts';
import type { Position } from '../../../domain/kernel/ids.ts';
import { createCloudEvents } from '../../../projections/fanout/cloud-events.ts';
import { createEventPages } from '../../../projections/fanout/event-pages.ts';
import { storedTypes } from '../../../projections/fanout/integration-events.ts';
import { recordedAs, TENANT } from '../../support/stored-events.ts';

const at = (place: number): Position => String(place).padStart(20, '0') as Position;
const endless = new AbortController().signal;

/** A log of `head` events of which every `each`-th passes, and of which a pull looks at `window`; it never has a pull wait. */
const logOf = ({ head, each, window }: Readonly<{ head: number; each: number; window: number }>) => {
  const asked: (FeedFilter | undefined)[] = [];
  let pulls = 0;
  const feed: EventFeed = {
    pull: async (after, limit): Promise<FeedPage> => {
      pulls += 1;
      const from = Number(after ?? 0);
      if (from >= head) throw new Error('this would wait for the log to move');
      const upTo = Math.min(head, from + window);
      const places = Array.from({ length: upTo - from }, (_, index) => from + 1 + index).filter((place) => place % each === 0).slice(0, limit);
      const events = places.map((place) => ({ ...recordedAs({ context: 'tenancy' }, 'MemberRemoved', { userId: String(place) }), position: at(place) }));
      return { events, scannedTo: places.length < limit ? at(upTo) : at(places.at(-1) as number) };
    },
  };
  const log: EventLog = { feed: (filter) => { asked.push(filter); return feed; }, head: async () => (head === 0 ? undefined : at(head)), before: async () => undefined };
  return { pages: createEventPages({ log, toCloudEvent: createCloudEvents('https://ca.example') }), asked, pulls: () => pulls };
};

describe('pages of the log', () => {
  it('hold what there is, over as many pulls as it takes, up to the head', async () => {
    const { pages, pulls } = logOf({ head: 1_000, each: 100, window: 90 });
    const { events, to, complete } = await pages({ after: undefined, limit: 50 }, endless);
    expect(events.map(({ subject }) => Number(subject))).to.deep.equal([100, 200, 300, 400, 500, 600, 700, 800, 900, 1_000]);
    expect([to, complete, pulls()]).to.deep.equal([at(1_000), true, 12]);
  });

  it('end where they are full', async () => {
    const { pages } = logOf({ head: 1_000, each: 100, window: 90 });
    const { events, to, complete } = await pages({ after: at(150), limit: 2 }, endless);
    expect([events.map(({ sequence }) => sequence), to, complete]).to.deep.equal([[at(200), at(300)], at(300), false]);
  });

  it('end before they are full where little is found, and say up to where they looked', async () => {
    const { pages, pulls } = logOf({ head: 1_000_000, each: 1_000_000, window: 10_000 });
    expect(await pages({ after: undefined, limit: 50 }, endless)).to.deep.equal({ events: [], to: at(200_000), complete: false });
    expect(pulls()).to.equal(20);
    expect((await pages({ after: at(900_000), limit: 50 }, endless)).events).to.have.length(1);
  });

  it('never wait: not at the head, not of an empty log, not for who has gone', async () => {
    expect(await logOf({ head: 5, each: 1, window: 9 }).pages({ after: at(5), limit: 5 }, endless)).to.deep.equal({ events: [], to: at(5), complete: true });
    expect(await logOf({ head: 0, each: 1, window: 9 }).pages({ after: undefined, limit: 5 }, endless)).to.deep.equal({ events: [], to: undefined, complete: true });
    const gone = logOf({ head: 5, each: 1, window: 9 });
    expect((await gone.pages({ after: undefined, limit: 5 }, AbortSignal.abort())).complete).to.equal(false);
    expect(gone.pulls()).to.equal(0);
  });

  it('ask for what is public alone, and for one tenant where one is named', async () => {
    const { pages, asked } = logOf({ head: 5, each: 1, window: 9 });
    await pages({ after: undefined, limit: 1 }, endless);
    await pages({ after: undefined, limit: 1, tenant: TENANT, types: ['MemberRemoved'] }, endless);
    expect(asked).to.deep.equal([{ types: storedTypes }, { types: ['MemberRemoved'], tenant: TENANT }]);
  });

  it('let everybody else run between the parts of any of them, however many are asked for at once', async () => {
    const { pages } = logOf({ head: 1_000, each: 1, window: 200 });
    let turns = 0;
    const over = new AbortController();
    const others = (async (): Promise<void> => {
      while (!over.signal.aborted) {
        await new Promise((resolve) => { setImmediate(resolve); });
        turns += 1;
      }
    })();
    await Promise.all(Array.from({ length: 50 }, () => pages({ after: undefined, limit: 200 }, endless)));
    over.abort();
    await others;
    expect(turns).to.be.at.least(49);
  });

  it('read nothing for whoever has gone while others had their turn', async () => {
    const { pages, pulls } = logOf({ head: 1_000, each: 1, window: 200 });
    const gone = new AbortController();
    const asked = [pages({ after: undefined, limit: 200 }, endless), pages({ after: undefined, limit: 200 }, gone.signal)];
    await Promise.resolve();
    gone.abort(new Error('gone'));
    await Promise.allSettled(asked);
    expect(pulls()).to.equal(1);
  });
});
