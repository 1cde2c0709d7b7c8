import { openEventStoreDb } from '../../infrastructure/eventstoredb/event-store-db.ts';
import { systemClock } from '../../infrastructure/runtime/clock.ts';
import { systemIds } from '../../infrastructure/runtime/ids.ts';
import { type EventStoreNode, startEventStoreNode } from '../support/eventstore-node/node.ts';
import { createMemoryVault } from '../support/memory-vault.ts';
import { describeWithEngine } from '../support/pending.ts';
import { sampleCodec } from '../support/sample-events.ts';
import { silentLogger } from '../support/silent.ts';
import { eventStoreContract, type EventStoreUnderTest } from './event-store.contract.ts';

type Opened = EventStoreUnderTest & Readonly<{ close: () => Promise<void> }>;

const open = async (url: string): Promise<Opened> => {
  const vault = createMemoryVault();
  return { ...(await openEventStoreDb({ url, codec: sampleCodec, clock: systemClock, ids: systemIds, vault, logger: silentLogger })), vault };
};

for (const layout of ['plain', 'transactions'] as const) {
  describe(`contract: EventStoreDB, a small node (${layout})`, () => {
    let node: EventStoreNode;
    let opened: Opened;

    before(async () => {
      node = await startEventStoreNode({ layout });
      opened = await open(node.url);
    });

    after(async () => {
      await opened.close();
      await node.close();
    });

    eventStoreContract(() => opened);
  });
}

describeWithEngine('contract: EventStoreDB, a real node', 'EVENTSTORE_URL', (url) => {
  let opened: Opened;

  before(async () => {
    opened = await open(url);
  });

  after(() => opened.close());

  eventStoreContract(() => opened);
});
