/** Running totals, gathered in memory and written behind. */
import type { Bump } from './operations.ts';

export type Total = Readonly<{ count: number; lastAt: number }>;

export interface Bumps {
  add(scope: string, key: string, at: number): void;
  pending(scope: string, key: string): Total | undefined;
  /** Hands over everything gathered so far. */
  take(): readonly Bump[];
  /** Back again, when writing failed. */
  restore(bumps: readonly Bump[]): void;
}

export const createBumps = (): Bumps => {
  let scopes = new Map<string, Map<string, Total>>();
  const add = (scope: string, key: string, count: number, at: number): void => {
    const keys = scopes.get(scope) ?? new Map<string, Total>();
    const known = keys.get(key);
    keys.set(key, { count: (known?.count ?? 0) + count, lastAt: Math.max(known?.lastAt ?? at, at) });
    scopes.set(scope, keys);
  };
  return {
    add: (scope, key, at) => add(scope, key, 1, at),
    pending: (scope, key) => scopes.get(scope)?.get(key),
    take: () => {
      const taken = [...scopes].flatMap(([scope, keys]) => [...keys].map(([key, { count, lastAt }]) => [scope, key, count, lastAt] as const));
      scopes = new Map();
      return taken;
    },
    restore: (bumps) => bumps.forEach((bump) => add(...bump)),
  };
};
