/** How old what lies behind a place is. */
import { expect } from 'chai';
import { createLag } from '../../../application/kernel/lag.ts';
import type { EventFeed, FeedPage, Recorded } from '../../../application/kernel/ports.ts';
import type { Position } from '../../../domain/kernel/ids.ts';

const NOW = Date.parse('2026-11-22T12:00:00.000Z');
/** Offsets in bytes, as in EventStoreDB. */
const at = (offset: number): Position => String(offset).padStart(20, '0') as Position;

/** `ours`: seconds ago, by position; between them lies what others wrote, of which a pull passes `step` bytes. */
const logOf = (ours: ReadonlyMap<number, number>, end: number, step = 1_000) => {
  const pulls: (string | undefined)[] = [];
  const pull: EventFeed['pull'] = async (after, limit, signal): Promise<FeedPage> => {
    expect([limit > 0, signal.aborted]).to.deep.equal([true, true]);
    pulls.push(after);
    const from = Number(after ?? 0);
    const upTo = Math.min(end, from + step);
    const events = [...ours].filter(([position]) => position > from && position <= upTo)
      .map(([position, ago]) => ({ position: at(position), time: new Date(NOW - ago * 1_000).toISOString() }) as unknown as Recorded);
    return { events, scannedTo: upTo === from ? after : at(upTo) };
  };
  return { pulls, log: { feed: () => ({ pull }) } };
};

describe('the lag behind the log', () => {
  const clock = { now: () => NOW };

  it('is the age of the oldest event that is not included, whatever positions count', async () => {
    const { log } = logOf(new Map([[500, 90], [40_000, 42.5], [81_234, 7]]), 81_234, 50_000);
    const lag = createLag({ log, clock });
    expect([await lag(undefined, at(81_234)), await lag(at(500), at(81_234)), await lag(at(40_000), at(81_234))]).to.deep.equal([90, 42.5, 7]);
  });

  it('is 0 at the head, of which nothing is read, and of an empty log', async () => {
    const { log, pulls } = logOf(new Map([[500, 90]]), 500);
    const lag = createLag({ log, clock });
    expect([await lag(at(500), at(500)), await lag(at(600), at(500)), await lag(undefined, undefined)]).to.deep.equal([0, 0, 0]);
    expect(pulls).to.deep.equal([]);
  });

  it('is above 0 for an event of this moment, and of a clock ahead of this one', async () => {
    for (const ago of [0, -3]) expect(await createLag({ log: logOf(new Map([[500, ago]]), 500).log, clock })(undefined, at(500))).to.equal(0.001);
  });

  it('is 0 where only others have written, and reads that once', async () => {
    const { log, pulls } = logOf(new Map([[9_500, 60]]), 9_500);
    const lag = createLag({ log, clock });
    expect(await lag(undefined, at(9_000))).to.equal(0);
    expect(pulls).to.have.lengthOf(9);
    expect([await lag(undefined, at(9_000)), await lag(at(2_000), at(9_500))]).to.deep.equal([0, 60]);
    expect(pulls.slice(9)).to.deep.equal([at(9_000)]);
  });
});
