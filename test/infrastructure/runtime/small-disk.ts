/** A writer thread on a database that is allowed a few pages only: a disk that is soon full, and that can grow. */
import { workerData } from 'node:worker_threads';
import { openWriter } from '../../../infrastructure/runtime/sqlite-open.ts';
import { serveWriter } from '../../../infrastructure/runtime/sqlite-writer-thread.ts';
import { Rejection } from '../../../domain/kernel/rejection.ts';

/** Stores text of this many bytes, makes room for pages, refuses, or fails like a mistake in the program. */
export type SmallDiskOperation = Readonly<{ store: number }> | Readonly<{ pages: number }> | Readonly<{ refuse: true }> | Readonly<{ fail: true }>;

serveWriter(() => {
  const db = openWriter((workerData as { path: string }).path, { synchronous: 'NORMAL', secureDelete: false });
  db.exec('CREATE TABLE IF NOT EXISTS texts (text TEXT); PRAGMA max_page_count=20');
  const insert = db.prepare('INSERT INTO texts (text) VALUES (?)');
  const apply = (operation: SmallDiskOperation): number => {
    if ('store' in operation) return Number(insert.run('x'.repeat(operation.store)).changes);
    if ('pages' in operation) db.exec(`PRAGMA max_page_count=${operation.pages}`);
    if ('refuse' in operation) throw new Rejection('test.refused');
    if ('fail' in operation) throw new Error('a mistake');
    return 0;
  };
  return { db, apply, rolledBack: () => undefined };
});
