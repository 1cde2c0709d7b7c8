/** What the questions of one tenant to one read model are asked with. */
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import type { ColumnValue } from './shape.ts';
import type { StoredModel } from './stored-models.ts';

export type Rows = (text: string, values: readonly ColumnValue[]) => readonly SQLOutputValue[][];
/** `model` is asked for anew each time: it may be switched meanwhile. */
export type Source = Readonly<{ rows: Rows; db: DatabaseSync; model: () => StoredModel; tenant: string }>;
