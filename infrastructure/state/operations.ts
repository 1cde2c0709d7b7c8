/** What the state store asks of its writer thread. Absent values are null. */

export type Bump = readonly [scope: string, key: string, count: number, lastAt: number];

export type HitAnswer = Readonly<{ count: number; exceeded: boolean; resetAt: number }>;

export type StateOperation =
  | readonly [kind: 'set', scope: string, key: string, expected: string | null, next: Readonly<{ value: string; expiresAt: number | null }> | null, now: number]
  | readonly [kind: 'hit', scope: string, key: string, limit: number, windowMs: number, now: number]
  | readonly [kind: 'bump', bumps: readonly Bump[]]
  /** Answers whether there may be more to sweep. */
  | readonly [kind: 'sweep', now: number];
