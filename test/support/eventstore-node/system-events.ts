/** What a node writes into its log by itself: whoever reads $all meets it between the events of the users. */
import { randomUUID } from 'node:crypto';
import type { ProposedEvent } from './event.ts';
import type { EventLog } from './log.ts';

const systemEvent = (type: string, data: unknown): ProposedEvent => ({
  id: randomUUID(), type, contentType: 'application/json', data: Buffer.from(JSON.stringify(data)), metadata: new Uint8Array(),
});

/** The streams of a fresh log: how long statistics are kept, and the first user. */
export const writeFirstEvents = async (log: EventLog, node: string): Promise<void> => {
  if (log.all.length > 0) return;
  await log.append(`$$$stats-${node}`, 'any', [systemEvent('$metadata', { $maxAge: 2_592_000 })]);
  await log.append('$user-admin', 'any', [systemEvent('$UserCreated', { loginName: 'admin', fullName: 'Event Store Administrator', disabled: false, groups: ['$admins'] })]);
};

/** Writes statistics after every so many writes; 0: never. Answers how to stop. */
export const writeStatistics = (log: EventLog, node: string, every: number): (() => void) => {
  let writes = 0;
  const count = (): void => {
    writes += 1;
    if (writes % every !== 0) return;
    // The log has failed where this does: whoever writes next hears of it.
    log.append(`$stats-${node}`, 'any', [systemEvent('$statsCollected', { writes })]).catch(() => undefined);
  };
  if (every > 1) log.changes.on('grown', count);
  return () => void log.changes.off('grown', count);
};
