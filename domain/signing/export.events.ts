/** NOTE: a storage contract: never edit a version, add one. */
import type { Message } from '../kernel/decider.ts';
import type { SignedBy } from './operation.events.ts';

/** Someone took the audit trail away as a file: reads of it are part of it. Absent filters did not narrow it. */
export type SigningOperationsExported = Message<
  'SigningOperationsExported',
  {
    actorUserId: string;
    by: SignedBy;
    filters: Readonly<{
      status?: string;
      source?: string;
      batchId?: string;
      actorUserId?: string;
      /** UTC, ISO 8601 with milliseconds, both inclusive. */
      from?: string;
      to?: string;
    }>;
    exportedAt: string;
  }
>;
