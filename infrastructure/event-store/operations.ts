/** What the store asks of its writer thread: tuples of primitives, which cross threads at little cost. */
import type { KeyRecord } from '../../application/kernel/ports.ts';

/** Expected revisions as numbers; a number from 0 is itself. */
export const EXPECT_NONE = -1;
export const EXPECT_ANY = -2;

export type AppendOperation = readonly [
  kind: 'append',
  stream: string,
  expected: number,
  time: number,
  /** JSON: of all events, or of each. */
  cause: string | readonly string[],
  /** UUIDs, one per event. */
  ids: readonly string[],
  /** Whether the caller chose the ids, so that they may be there already. */
  chosen: boolean,
  types: readonly string[],
  data: readonly string[],
  keys: readonly KeyRecord[] | undefined,
];

/** Revision and position of the last event appended, and the revision of the stream's last event, which may be a later one. */
export type AppendedAt = readonly [revision: number, position: number, head: number];

export type VaultOperation =
  | readonly [kind: 'keys.add', records: readonly KeyRecord[]]
  | readonly [kind: 'keys.rewrap', record: KeyRecord, expectedWrappedBy: number]
  | readonly [kind: 'keys.destroy', id: string];

export type EventStoreOperation = AppendOperation | VaultOperation;
