/** The long work that the operator may start. */
import { join } from 'node:path';
import { BACKUP_TYPE } from '../../application/kernel/jobs.ts';
import type { Leases } from '../../application/kernel/leases.ts';
import type { Clock, Logger } from '../../application/kernel/ports.ts';
import type { StateStore } from '../../application/kernel/state.ts';
import { backup } from '../../infrastructure/runtime/backup.ts';
import type { KeyRotations } from '../../application/tenancy/key-rotations.ts';
import { createJobs, JobFailure, type JobKind, type RunningJobs } from '../../infrastructure/runtime/jobs.ts';
import { rotationJobs } from './keys.ts';

export type JobsDeps = Readonly<{ state: StateStore; clock: Clock; logger: Logger; dataDir: string; /** There once the program is put together. */ rotations: Promise<KeyRotations>; /** Whether the log is this process's own to back up. */ backups: boolean; leases: Leases | undefined }>;

const backupOf = (dataDir: string, kind: 'data' | 'keys'): JobKind => ({
  fileName: `chancery-${kind}-{id}.backup`,
  contentType: BACKUP_TYPE,
  work: async ({ path, progress }) => {
    await backup({ dataDir, out: path, kind }, (done, of) => progress(of === 0 ? 1 : done / of));
  },
});

/** What `backup` says of a log that is not here. */
export const BACKED_UP_ELSEWHERE = 'the log is in EventStoreDB: back that up, and MongoDB before it (docs/engines.md, Backups)';

const ELSEWHERE: JobKind = { work: () => Promise.reject(new JobFailure(BACKED_UP_ELSEWHERE)) };

/** `backup`: everything but the subject keys. `backup-keys`: those alone. Results lie in DATA_DIR/backups. A log in EventStoreDB is backed up there, and they say so. */
export const openJobs = ({ state, clock, logger, dataDir, rotations, backups, leases }: JobsDeps): Promise<RunningJobs> =>
  createJobs({
    state, clock, logger, leases,
    directory: join(dataDir, 'backups'),
    kinds: { backup: backups ? backupOf(dataDir, 'data') : ELSEWHERE, 'backup-keys': backups ? backupOf(dataDir, 'keys') : ELSEWHERE, ...rotationJobs(rotations) },
  });
