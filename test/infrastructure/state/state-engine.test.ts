/** Rate windows while the disk is full: what cannot be stored is still counted, once. */
import { expect } from 'chai';
import { DatabaseSync } from 'node:sqlite';
import { migrate } from '../../../infrastructure/runtime/sqlite-migrations.ts';
import type { HitAnswer, StateOperation } from '../../../infrastructure/state/operations.ts';
import { STATE_MIGRATIONS } from '../../../infrastructure/state/schema.ts';
import { MOST_UNSTORED, StateEngine } from '../../../infrastructure/state/state-engine.ts';

const hit = (key: string, now: number): StateOperation => ['hit', 'rate', key, 3, 60_000, now];

const counts = (answers: readonly (HitAnswer | undefined)[]) => answers.map((answer) => [answer?.count, answer?.exceeded]);

describe('state engine: hits that cannot be stored', () => {
  let db: DatabaseSync;
  let engine: StateEngine;

  /** As the writer's thread does it: a transaction, then its end. */
  const stored = (...operations: readonly StateOperation[]): readonly HitAnswer[] => {
    const answers = operations.map((operation) => engine.apply(operation) as HitAnswer);
    engine.committed();
    return answers;
  };
  const full = (...operations: readonly StateOperation[]): readonly (HitAnswer | undefined)[] => {
    db.exec('BEGIN');
    for (const operation of operations) engine.apply(operation);
    db.exec('ROLLBACK');
    engine.rolledBack();
    return operations.map((operation) => engine.unstored(operation));
  };

  beforeEach(() => {
    db = new DatabaseSync(':memory:');
    migrate(db, STATE_MIGRATIONS);
    engine = new StateEngine(db);
  });

  afterEach(() => db.close());

  it('go on from what is stored, and what is stored goes on from them', () => {
    expect(counts(stored(hit('a', 0)))).to.deep.equal([[1, false]]);
    expect(counts(full(hit('a', 1)))).to.deep.equal([[2, false]]);
    expect(counts(stored(hit('a', 2), hit('a', 3)))).to.deep.equal([[3, false], [3, true]]);
    expect(db.prepare('SELECT count, reset_at FROM windows').all().map((row) => ({ ...row }))).to.deep.equal([{ count: 3, reset_at: 60_000 }]);
  });

  it('are counted once, however often storing them was tried', () => {
    expect(counts([...full(hit('a', 0), hit('a', 0)), ...full(hit('a', 1), hit('a', 1))])).to.deep.equal([[1, false], [2, false], [3, false], [3, true]]);
    expect(counts(stored(hit('a', 2)))).to.deep.equal([[3, true]]);
  });

  it('open no window of their own, and keep none open', () => {
    expect(full(hit('a', 0))[0]?.resetAt).to.equal(60_000);
    expect(full(hit('a', 30_000))[0]?.resetAt).to.equal(60_000);
    expect(counts(full(hit('a', 60_000)))).to.deep.equal([[1, false]]);
    expect(counts(stored(hit('a', 120_000)))).to.deep.equal([[1, false]]);
  });

  it('take no more memory than so many windows, the oldest forgotten first', () => {
    for (let number = 0; number <= MOST_UNSTORED; number += 1) engine.unstored(hit(String(number), 0));
    expect(counts([engine.unstored(hit('1', 1)), engine.unstored(hit('0', 1))])).to.deep.equal([[2, false], [1, false]]);
  });

  it('are all that is answered without being stored', () => {
    expect(engine.unstored(['set', 'scope', 'key', null, null, 0])).to.equal(undefined);
    expect(engine.unstored(['sweep', 0])).to.equal(undefined);
  });
});
