/** Operational state, inside the writer's transaction. */
import type { DatabaseSync } from 'node:sqlite';
import type { HitAnswer, StateOperation } from './operations.ts';
import { hitIn, type Window } from './window.ts';

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

/** Windows counted without being stored; beyond that the oldest are forgotten, and go on from what is stored. */
export const MOST_UNSTORED = 100_000;

const windowName = (scope: string, key: string): string => `${scope}\n${key}`;

export class StateEngine {
  readonly #sql;
  /** Windows as they are while they cannot be stored: reading goes on when the disk is full, and so does counting. */
  readonly #unstored = new Map<string, Window>();
  /** Windows of those as the transaction under way stores them. */
  readonly #storing = new Map<string, Window>();

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

  /** Answers a hit from memory when it cannot be stored; nothing else. */
  unstored(operation: StateOperation): HitAnswer | undefined {
    if (operation[0] !== 'hit') return undefined;
    const [, scope, key, limit, windowMs, now] = operation;
    const hit = hitIn(this.#open(scope, key, now), { limit, windowMs, now });
    this.#keep(windowName(scope, key), hit);
    return hit;
  }

  #keep(name: string, window: Window): void {
    this.#unstored.delete(name);
    this.#unstored.set(name, window);
    const oldest = this.#unstored.size > MOST_UNSTORED ? this.#unstored.keys().next().value : undefined;
    if (oldest !== undefined) this.#unstored.delete(oldest);
  }

  committed(): void {
    for (const name of this.#storing.keys()) this.#unstored.delete(name);
    this.#storing.clear();
  }

  rolledBack(): void {
    this.#storing.clear();
  }

  #open(scope: string, key: string, now: number): Window | undefined {
    const name = windowName(scope, key);
    const known = this.#storing.get(name) ?? this.#unstored.get(name);
    const row = known === undefined ? this.#sql.window.get(scope, key) : undefined;
    const window = row === undefined ? known : { count: Number(row['count']), resetAt: Number(row['reset_at']) };
    return window !== undefined && window.resetAt > now ? window : undefined;
  }

  #hit([, scope, key, limit, windowMs, now]: Of<'hit'>): HitAnswer {
    const open = this.#open(scope, key, now);
    const hit = hitIn(open, { limit, windowMs, now });
    const owed = this.#unstored.has(windowName(scope, key));
    if (owed) this.#storing.set(windowName(scope, key), hit);
    if (owed || !hit.exceeded || hit.resetAt !== open?.resetAt) this.#sql.setWindow.run(scope, key, hit.count, hit.resetAt);
    return hit;
  }

  #bump([, bumps]: Of<'bump'>): undefined {
    for (const bump of bumps) this.#sql.bump.run(...bump);
  }

  #sweep([, now]: Of<'sweep'>): boolean {
    const entries = this.#sql.sweepEntries.run(now).changes;
    for (const [name, { resetAt }] of this.#unstored) if (resetAt <= now) this.#unstored.delete(name);
    const windows = this.#sql.sweepWindows.run(now).changes;
    return entries === SWEPT_AT_ONCE || windows === SWEPT_AT_ONCE;
  }
}
