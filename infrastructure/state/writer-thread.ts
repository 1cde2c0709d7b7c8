/** The thread that writes the state database, the bus's messages included. */
import { workerData } from 'node:worker_threads';
import { BusEngine, type BusOperation } from '../bus/bus-engine.ts';
import { migrate } from '../runtime/sqlite-migrations.ts';
import { openWriter, type Synchronous } from '../runtime/sqlite-open.ts';
import { serveWriter } from '../runtime/sqlite-writer-thread.ts';
import type { StateOperation } from './operations.ts';
import { STATE_MIGRATIONS } from './schema.ts';
import { StateEngine } from './state-engine.ts';

serveWriter(() => {
  const { path, synchronous } = workerData as Readonly<{ path: string; synchronous: Synchronous }>;
  const db = openWriter(path, { synchronous, secureDelete: true });
  migrate(db, STATE_MIGRATIONS);
  const state = new StateEngine(db);
  const bus = new BusEngine(db);
  return {
    db,
    apply: (operation: StateOperation | BusOperation) =>
      operation[0] === 'publish' || operation[0] === 'trim' ? bus.apply(operation) : state.apply(operation),
    committed: () => state.committed(),
    rolledBack: () => state.rolledBack(),
    unstored: (operation: StateOperation | BusOperation) => (operation[0] === 'publish' || operation[0] === 'trim' ? undefined : state.unstored(operation)),
  };
});
