/** Taking the audit trail away is itself audited, before the first line leaves. */
import { streamId } from '../../domain/kernel/ids.ts';
import type { SigningOperationsExported } from '../../domain/signing/export.events.ts';
import type { Cause, Clock, EventStore } from '../kernel/ports.ts';
import { actorOf, type SigningPrincipal } from './authorise.ts';

export type ExportFilters = SigningOperationsExported['data']['filters'];

/** Resolves when the fact is durable; rejects with `storage.*` when it cannot be recorded, and then there is no export. */
export type RecordExport = (principal: SigningPrincipal, filters: ExportFilters, cause: Cause) => Promise<void>;

export const createRecordExport =
  ({ store, clock }: Readonly<{ store: EventStore; clock: Clock }>): RecordExport =>
  async (principal, filters, cause) => {
    const exportedAt = new Date(clock.now()).toISOString();
    const { userId, by } = actorOf(principal);
    const data = { actorUserId: userId, by, filters, exportedAt };
    const stream = streamId('signing.exports', principal.tenant.id, exportedAt.slice(0, 10));
    await store.append(stream, 'any', [{ type: 'SigningOperationsExported', data }], cause);
  };
