/** The thread that writes the event database. */
import { workerData } from 'node:worker_threads';
import { migrate } from '../runtime/sqlite-migrations.ts';
import { openWriter, type Synchronous } from '../runtime/sqlite-open.ts';
import { serveWriter } from '../runtime/sqlite-writer-thread.ts';
import { AppendEngine } from './append-engine.ts';
import type { EventStoreOperation } from './operations.ts';
import { EVENT_MIGRATIONS } from './schema.ts';
import { VaultEngine } from './vault-engine.ts';

serveWriter(() => {
  const { path, synchronous, checkpointFrames } = workerData as Readonly<{ path: string; synchronous: Synchronous; checkpointFrames: number | undefined }>;
  const db = openWriter(path, { synchronous, secureDelete: true });
  migrate(db, EVENT_MIGRATIONS);
  const vault = new VaultEngine(db);
  vault.resume();
  const appends = new AppendEngine(db, vault);
  return {
    db,
    ...(checkpointFrames === undefined ? {} : { checkpointFrames }),
    apply: (operation: EventStoreOperation) => (operation[0] === 'append' ? appends.append(operation) : vault.apply(operation)),
    committed: () => vault.committed(),
    rolledBack: () => {
      vault.rolledBack();
      appends.rolledBack();
    },
  };
});
