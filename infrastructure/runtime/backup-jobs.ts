/** Backups as long work: the data, and apart from it the keys of persons. */
import { backup } from './backup.ts';
import type { BackupOptions } from './backup-copy.ts';
import type { JobKind } from './jobs.ts';

const backupJob = (dataDir: string, kind: BackupOptions['kind'], fileName: string): JobKind => ({
  fileName,
  contentType: 'application/octet-stream',
  work: async ({ path, progress }) => {
    await backup({ dataDir, out: path, kind }, (done, of) => progress(of === 0 ? 1 : done / of));
  },
});

/** The kinds of job that the command line asks for by name. */
export const backupJobs = (dataDir: string): Readonly<Record<'backup' | 'backup-keys', JobKind>> => ({
  backup: backupJob(dataDir, 'data', 'chancery-data-{id}.backup'),
  'backup-keys': backupJob(dataDir, 'keys', 'chancery-keys-{id}.backup'),
});
