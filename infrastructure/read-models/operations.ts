/** What the read-model store asks of its writer thread. */
import type { ColumnValue, Declared } from './shape.ts';

export type ModelRef = readonly [name: string, version: number];

/** `document` is JSON, or null to remove it; the values of the index fields stand in the order of the shape. */
export type ChangeRow = readonly [tenant: string, id: string, position: number, document: string | null, ...values: ColumnValue[]];

export type ReadModelOperation =
  | readonly [kind: 'prepare', model: ModelRef, declared: Declared]
  /** Positions as numbers, 0 for none. */
  | readonly [kind: 'commit', model: ModelRef, from: number, to: number, changes: readonly ChangeRow[]]
  | readonly [kind: 'promote', shadow: ModelRef, live: ModelRef, at: number]
  | readonly [kind: 'drop', model: ModelRef]
  /** Removes the tables that no model refers to any more. */
  | readonly [kind: 'tidy'];
