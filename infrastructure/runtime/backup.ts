/**
 * Backups, taken while serving. `data` holds the log, the keys of installation and tenants (wrapped), and the checkpoints of what has effects
 * outside with the bus's messages. `keys` holds all keys, those of persons included, and nothing else: kept apart and replaced each time,
 * so that whoever is erased is gone from what is restored. Read models are not copied (the log fills them again), nor is the rest of the operational
 * state (rate windows, counters, idempotent answers), nor the master key, which belongs in neither file.
 */
import { Worker } from 'node:worker_threads';
import type { BackupOptions, BackupSummary, OnBackupProgress } from './backup-copy.ts';

export type { BackupOptions, BackupSummary, OnBackupProgress } from './backup-copy.ts';

type FromThread = Readonly<{ progress: readonly [number, number] }> | Readonly<{ summary: BackupSummary }>;

/** Writes a new file (mode 0600), which is there whole or not at all. Rejects with one line, also when `out` exists. */
export const backup = (options: BackupOptions, onProgress: OnBackupProgress = () => undefined): Promise<BackupSummary> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL('backup-thread.ts', import.meta.url), { workerData: options });
    worker.on('message', (message: FromThread) => {
      if ('summary' in message) resolve(message.summary);
      else onProgress(...message.progress);
    });
    worker.on('error', reject);
    worker.on('exit', () => reject(new Error('the backup ended early')));
  });
