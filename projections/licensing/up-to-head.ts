/** Read models that hold the whole log up to a place that is then named: what is signed says up to where it is complete. */
import type { EventLog } from '../../application/kernel/ports.ts';
import type { UpToHead } from '../../application/licensing/ports.ts';
import type { Position } from '../../domain/kernel/ids.ts';
import type { Freshness } from '../kernel/freshness.ts';
import { licensingLicences } from './licences.ts';
import { licensingRevocations } from './revocations.ts';

export const createUpToHead = ({ log, freshness }: Readonly<{ log: Pick<EventLog, 'head'>; freshness: Pick<Freshness, 'until'> }>): UpToHead => {
  const reach = async (projection: string): Promise<Position | undefined> => {
    const head = await log.head();
    if (head !== undefined) await freshness.until(projection, head);
    return head;
  };
  return { licences: () => reach(licensingLicences.name), revocations: () => reach(licensingRevocations.name) };
};
