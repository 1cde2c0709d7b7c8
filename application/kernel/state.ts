/**
 * The port of small, mutable, operational state that is no fact of the business and so no event: rate windows, login
 * throttles, idempotent answers, use counters, reactions' checkpoints. It survives a restart; losing it costs comfort, not truth.
 */

export type StateEntry = Readonly<{ value: string; /** milliseconds since 1970; gone from then on */ expiresAt?: number }>;

export interface StateStore {
  get(scope: string, key: string): Promise<string | undefined>;
  /** Stores the entry if the present value is `expected` (undefined: absent or expired); false when it is not. */
  compareAndSet(scope: string, key: string, expected: string | undefined, next: StateEntry | undefined): Promise<boolean>;
  /**
   * Counts one event in a fixed window that opens with its first event, whatever the number of processes: answers the
   * count including this one and when the window closes (milliseconds since 1970). Beyond `limit` the count stays. While there is no space to
   * store it, it is counted in memory: a full disk must not keep anybody from reading.
   */
  hit(scope: string, key: string, rule: Readonly<{ limit: number; windowMs: number; now: number }>): Promise<Readonly<{ count: number; exceeded: boolean; resetAt: number }>>;
  /** Adds to a running total and remembers the time of the newest addition; written behind, at most a second late. */
  bump(scope: string, key: string, at: number): void;
  totals(scope: string, keys: readonly string[]): Promise<ReadonlyMap<string, Readonly<{ count: number; lastAt: number }>>>;
  list(scope: string): AsyncIterable<Readonly<{ key: string; value: string }>>;
}
