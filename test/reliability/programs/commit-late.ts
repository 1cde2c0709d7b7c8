/**
 * A planted fault, loaded before the program in all of its threads: once there is something in the log, appends are answered at once and
 * committed every 50 ms.
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite';

const LATE_MS = 50;
/** Events that are committed in time: the program must be able to start, and its first tenant to be made. */
const IN_TIME = 60;
const NOTHING = { changes: 0, lastInsertRowid: 0 };

type Run = () => ReturnType<StatementSync['run']>;

// oxlint-disable-next-line typescript/unbound-method -- called with the connection that it is asked of
const prepare = DatabaseSync.prototype.prepare;
/** Connections whose transaction has been answered for, and is still open. */
const owed = new WeakSet<DatabaseSync>();

const isLog = (db: DatabaseSync): boolean => db.location()?.endsWith('/events.db') ?? false;

const lateCommit = (db: DatabaseSync, commit: Run): Run => {
  const length = prepare.call(db, 'SELECT count(*) AS n FROM events');
  return () => {
    if (Number(length.get()?.['n']) < IN_TIME) return commit();
    if (!owed.has(db)) {
      setTimeout(() => {
        owed.delete(db);
        commit();
      }, LATE_MS);
    }
    owed.add(db);
    return NOTHING;
  };
};

DatabaseSync.prototype.prepare = function planted(this: DatabaseSync, ...args) {
  const statement = prepare.apply(this, args);
  if (!isLog(this)) return statement;
  const run: Run = statement.run.bind(statement);
  if (args[0] === 'COMMIT') return Object.assign(statement, { run: lateCommit(this, run) });
  if (args[0].startsWith('PRAGMA wal_checkpoint')) {
    // Not within a transaction.
    const get = statement.get.bind(statement);
    return Object.assign(statement, { get: () => (owed.has(this) ? { log: 0, checkpointed: 0 } : get()) });
  }
  if (args[0] !== 'BEGIN IMMEDIATE') return statement;
  const begin: Run = () => (owed.has(this) ? NOTHING : run());
  return Object.assign(statement, { run: begin });
};
