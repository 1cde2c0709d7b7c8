/** Operational state, inside the writer's transaction. */
import type { DatabaseSync } from 'node:sqlite';
import type { HitAnswer, StateOperation } from './operations.ts';

type Of<Kind extends StateOperation[0]> = Extract<StateOperation, readonly [Kind, ...unknown[]]>;

/** Rows removed in one go, so that nobody waits long behind a sweep. */
const SWEPT_AT_ONCE = 1_000;

const statements = (db: DatabaseSync) => ({
  entry: db.prepare('SELECT value, expires_at FROM entries WHERE scope = ? AND key = ?'),
  setEntry: db.prepare('INSERT OR REPLACE INTO entries (scope, key, value, expires_at) VALUES (?, ?, ?, ?)'),
  removeEntry: db.prepare('DELETE FROM entries WHERE scope = ? AND key = ?'),
  window: db.prepare('SELECT count, reset_at FROM windows WHERE scope = ? AND key = ?'),
  setWindow: db.prepare('INSERT OR REPLACE INTO windows (scope, key, count, reset_at) VALUES (?, ?, ?, ?)'),
  bump: db.prepare(`INSERT INTO totals (scope, key, count, last_at) VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET count = count + excluded.count, last_at = max(last_at, excluded.last_at)`),
  sweepEntries: db.prepare(`DELETE FROM entries WHERE (scope, key) IN
    (SELECT scope, key FROM entries WHERE expires_at <= ? LIMIT ${SWEPT_AT_ONCE})`),
  sweepWindows: db.prepare(`DELETE FROM windows WHERE (scope, key) IN
    (SELECT scope, key FROM windows WHERE reset_at <= ? LIMIT ${SWEPT_AT_ONCE})`),
});

export class StateEngine {
  readonly #sql;

  constructor(db: DatabaseSync) {
    this.#sql = statements(db);
  }

  apply(operation: StateOperation): unknown {
    switch (operation[0]) {
      case 'set':
        return this.#set(operation);
      case 'hit':
        return this.#hit(operation);
      case 'bump':
        return this.#bump(operation);
      default:
        return this.#sweep(operation);
    }
  }

  #set([, scope, key, expected, next, now]: Of<'set'>): boolean {
    const row = this.#sql.entry.get(scope, key);
    const gone = row === undefined || (typeof row['expires_at'] === 'number' && row['expires_at'] <= now);
    if ((gone ? null : row['value']) !== expected) return false;
    if (next === null) this.#sql.removeEntry.run(scope, key);
    else this.#sql.setEntry.run(scope, key, next.value, next.expiresAt);
    return true;
  }

  #hit([, scope, key, limit, windowMs, now]: Of<'hit'>): HitAnswer {
    const row = this.#sql.window.get(scope, key);
    const open = row !== undefined && Number(row['reset_at']) > now;
    const counted = open ? Number(row['count']) : 0;
    // A clock that was set back must neither open a new window early nor keep this one open for as long as the jump.
    const resetAt = Math.min(open ? Number(row['reset_at']) : Number.POSITIVE_INFINITY, now + windowMs);
    const exceeded = counted >= limit;
    const count = exceeded ? counted : counted + 1;
    if (!exceeded || resetAt !== row?.['reset_at']) this.#sql.setWindow.run(scope, key, count, resetAt);
    return { count, exceeded, resetAt };
  }

  #bump([, bumps]: Of<'bump'>): undefined {
    for (const bump of bumps) this.#sql.bump.run(...bump);
  }

  #sweep([, now]: Of<'sweep'>): boolean {
    const entries = this.#sql.sweepEntries.run(now).changes;
    const windows = this.#sql.sweepWindows.run(now).changes;
    return entries === SWEPT_AT_ONCE || windows === SWEPT_AT_ONCE;
  }
}
