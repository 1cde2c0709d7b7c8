/** The port of long work: started by a request, finished after it, asked about in between. */
import type { TenantId } from '../../domain/kernel/ids.ts';
import type { Cause } from './ports.ts';

/** The media type of the only files that jobs make: backups are SQLite databases. */
export const BACKUP_TYPE = 'application/vnd.sqlite3';

/** Times are UTC in ISO 8601. */
export type Job = Readonly<{
  id: string;
  kind: string;
  status: 'running' | 'done' | 'failed';
  /** 0 to 1. */
  progress: number;
  createdAt: string;
  finishedAt?: string;
  /** Why it failed, in words for the operator. */
  error?: string;
  /** What it made, if that can be fetched. */
  file?: Readonly<{ name: string; contentType: string; /** bytes */ size: number }>;
}>;

/** `tenant`: whose, for work that is done for one. */
export type JobInput = Cause & Readonly<{ tenant?: TenantId }>;

export interface Jobs {
  readonly kinds: readonly string[];
  /** Whether this kind is done for a tenant, and cannot be started without. */
  needsTenant(kind: string): boolean;
  /** Starts a job of one of the kinds; the same id again is the same job. */
  start(kind: string, id: string, input: JobInput): Promise<Job>;
  get(id: string): Promise<Job | undefined>;
  /** The job's file, piece by piece; undefined while there is none, and once it has been taken away. Holds nothing open before the first piece is asked for. */
  read(id: string): Promise<AsyncIterable<Uint8Array> | undefined>;
}
