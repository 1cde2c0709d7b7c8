import { EventStoreDBClient } from '@eventstore/db-client';
import { describeWithEngine } from '../pending.ts';
import { streamsContract } from './streams.contract.ts';
import { subscriptionsContract } from './subscriptions.contract.ts';

describeWithEngine('real EventStoreDB node', 'EVENTSTORE_URL', (url) => {
  let client: EventStoreDBClient;

  before(() => {
    client = EventStoreDBClient.connectionString(url);
  });

  after(async () => {
    await client.dispose();
  });

  streamsContract(() => client);
  subscriptionsContract(() => client);
});
