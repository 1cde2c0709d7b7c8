/** Whoever appends, through whatever command: the tenant's next question waits for what was appended. */
import type { EventStore } from '../../application/kernel/ports.ts';
import { streamParts } from '../../domain/kernel/ids.ts';
import type { Freshness } from './freshness.ts';

/** The store with one thing added: freshness learns of every append. */
export const announcing = (store: EventStore, freshness: Pick<Freshness, 'wrote'>): EventStore => ({
  read: (stream, from) => store.read(stream, from),
  head: (stream) => store.head(stream),
  append: async (stream, expected, events, how) => {
    const appended = await store.append(stream, expected, events, how);
    freshness.wrote(streamParts(stream).tenant, appended.position);
    return appended;
  },
});
