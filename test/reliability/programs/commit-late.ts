/**
 * A planted fault, loaded before the program in all of its threads: once it is at work, a connection's transactions are answered first and
 * committed a little later, with the next one or after 50 ms.
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite';

const LATE_MS = 50;
/** Commits that are made in time: the program must be able to start, and its first tenant to be made. */
const IN_TIME = 60;

type Run = () => ReturnType<StatementSync['run']>;

// oxlint-disable-next-line typescript/unbound-method -- called with the connection that it is asked of
const prepare = DatabaseSync.prototype.prepare;
const owed = new WeakMap<DatabaseSync, () => void>();

const lateCommit = (db: DatabaseSync, commit: Run): Run => {
  let commits = 0;
  return () => {
    commits += 1;
    if (commits <= IN_TIME) return commit();
    const pay = (): void => {
      clearTimeout(timer);
      owed.delete(db);
      commit();
    };
    const timer = setTimeout(pay, LATE_MS);
    owed.set(db, pay);
    return { changes: 0, lastInsertRowid: 0 };
  };
};

DatabaseSync.prototype.prepare = function planted(this: DatabaseSync, ...args) {
  const statement = prepare.apply(this, args);
  const run: Run = statement.run.bind(statement);
  if (args[0] === 'COMMIT') return Object.assign(statement, { run: lateCommit(this, run) });
  if (args[0].startsWith('PRAGMA wal_checkpoint')) {
    // Not within a transaction.
    const get = statement.get.bind(statement);
    return Object.assign(statement, { get: () => (owed.has(this) ? { log: 0, checkpointed: 0 } : get()) });
  }
  if (args[0] !== 'BEGIN IMMEDIATE') return statement;
  const begin: Run = () => {
    owed.get(this)?.();
    return run();
  };
  return Object.assign(statement, { run: begin });
};
