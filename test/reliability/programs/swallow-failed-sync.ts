/** A planted fault, loaded before the program in all of its threads: a commit whose sync failed (errcode 1034) passes for one that is done. */
import { DatabaseSync } from 'node:sqlite';

const IOERR_FSYNC = 1034;

// oxlint-disable-next-line typescript/unbound-method -- called with the connection that it is asked of
const prepare = DatabaseSync.prototype.prepare;

DatabaseSync.prototype.prepare = function planted(this: DatabaseSync, ...args) {
  const statement = prepare.apply(this, args);
  if (args[0] !== 'COMMIT') return statement;
  const commit = statement.run.bind(statement);
  const run: typeof statement.run = () => {
    try {
      return commit();
    } catch (error) {
      if ((error as { errcode?: number }).errcode !== IOERR_FSYNC) throw error;
      if (this.isTransaction) this.exec('ROLLBACK');
      return { changes: 0, lastInsertRowid: 0 };
    }
  };
  return Object.assign(statement, { run });
};
