/** The thread that writes the read models. */
import { workerData } from 'node:worker_threads';
import { migrate } from '../runtime/sqlite-migrations.ts';
import { openWriter, type Synchronous } from '../runtime/sqlite-open.ts';
import { serveWriter } from '../runtime/sqlite-writer-thread.ts';
import type { ReadModelOperation } from './operations.ts';
import { ReadModelEngine } from './read-model-engine.ts';
import { READ_MODEL_MIGRATIONS } from './schema.ts';

/** Pages are touched again and again while a model is filled: the longer they gather, the fewer copies of them reach the database. */
const CHECKPOINT_FRAMES = 16_000;

serveWriter(() => {
  const { path, synchronous } = workerData as Readonly<{ path: string; synchronous: Synchronous }>;
  const db = openWriter(path, { synchronous, secureDelete: false });
  migrate(db, READ_MODEL_MIGRATIONS);
  const engine = new ReadModelEngine(db);
  return { db, checkpointFrames: CHECKPOINT_FRAMES, apply: (operation: ReadModelOperation) => engine.apply(operation), rolledBack: () => engine.rolledBack() };
});
