import { EventStoreDBClient } from '@eventstore/db-client';
import { startEventStoreNode, type EventStoreNode, type NodeOptions } from './node.ts';
import { streamsContract } from './streams.contract.ts';
import { subscriptionsContract } from './subscriptions.contract.ts';

describe('small EventStoreDB node', () => {
  const layouts: readonly NodeOptions[] = [{}, { layout: 'transactions' }];
  for (const options of layouts) {
    describe(`with a log of ${options.layout === undefined ? 'events' : 'transactions'}`, () => {
      let node: EventStoreNode;
      let client: EventStoreDBClient;

      before(async () => {
        node = await startEventStoreNode({ statisticsEvery: 3, ...options });
        client = EventStoreDBClient.connectionString(node.url);
      });

      after(async () => {
        await client.dispose();
        await node.close();
      });

      streamsContract(() => client);
      subscriptionsContract(() => client);
    });
  }
});
