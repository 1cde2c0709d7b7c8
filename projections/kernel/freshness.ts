/** Read your writes: a tenant's question waits until its read model includes the tenant's newest write. */
import type { Position, TenantId } from '../../domain/kernel/ids.ts';

export interface Freshness {
  /** Remembers that a tenant wrote up to here. */
  wrote(tenant: TenantId, position: Position): void;
  /** What was written before this process began: nobody is answered from a projection before it includes everything up to here. */
  owes(projection: string, position: Position): void;
  /** Told by the runner whenever a read model has moved on (also past events it ignores). */
  reached(projection: string, position: Position): void;
  /**
   * Resolves when the projection includes the tenant's newest write and what it owes; rejects with `storage.behind` after `timeoutMs`
   * (default 5,000), which surfaces answer with 503 and Retry-After.
   */
  settled(projection: string, tenant: TenantId, timeoutMs?: number): Promise<void>;
  /** Whether somebody waits for a projection right now. */
  awaited(projection: string): boolean;
  /** Calls back, until the next one is given for the same projection, whenever somebody begins to wait for it. */
  whenAwaited(projection: string, call: () => void): void;
  /** The same for one position: `until(projection, position)`. */
  until(projection: string, position: Position, timeoutMs?: number): Promise<void>;
}
