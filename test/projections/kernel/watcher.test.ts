import { expect } from 'chai';
import type { Position } from '../../../domain/kernel/ids.ts';
import { createWatcher } from '../../../projections/kernel/watcher.ts';
import { tallies } from '../../support/sample-projections.ts';
import { silentLogger } from '../../support/silent.ts';

const at = (position: number): Position => String(position).padStart(20, '0') as Position;

/** Watches while somebody waits all the time; `each` is told of every look, and ends it by answering true. */
const watched = async (log: { checkpoint: number; concerned: number; position: number }, each: (position: Position, asked: number) => boolean): Promise<void> => {
  const over = new AbortController();
  let asked = 0;
  const checkpoint = async (): Promise<Position> => {
    asked += 1;
    return at(log.checkpoint);
  };
  const watch = { concerned: () => at(log.concerned), get position() { return at(log.position); } };
  const onProgress = (position: Position): void => {
    if (each(position, asked)) over.abort();
  };
  await createWatcher({ projection: tallies, store: { checkpoint }, freshness: { awaited: () => true }, watch, logger: silentLogger, onProgress }).run(over.signal);
};

describe('watching a read model that another process keeps', () => {
  it('asks for its checkpoint once while nothing happens that concerns it', async () => {
    const log = { checkpoint: 5, concerned: 5, position: 7 };
    const seen: Position[] = [];
    await watched(log, (position, asked) => {
      seen.push(position);
      expect(asked).to.equal(1);
      log.position += 1;
      return seen.length === 5;
    });
    expect(seen).to.deep.equal([7, 8, 9, 10, 11].map(at));
  });

  it('asks for it until it is past what concerns the model', async () => {
    const log = { checkpoint: 5, concerned: 6, position: 6 };
    const seen: Position[] = [];
    await watched(log, (position, asked) => {
      seen.push(position);
      expect(asked).to.equal(seen.length);
      if (seen.length === 3) log.checkpoint = 6;
      return seen.length === 4;
    });
    expect(seen).to.deep.equal([5, 5, 5, 6].map(at));
  });
});
