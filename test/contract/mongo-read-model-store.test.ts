import type { ReadModelStore } from '../../application/kernel/read-models.ts';
import { openMongoReadModels } from '../../infrastructure/mongodb/read-model-store.ts';
import { openTestMongo, type TestMongo } from '../support/mongo.ts';
import { describeWithEngine } from '../support/pending.ts';
import { silentLogger } from '../support/silent.ts';
import { readModelStoreContract } from './read-model-store.contract.ts';

describeWithEngine('contract: read-model store in MongoDB', 'MONGO_URL', (address) => {
  let mongo: TestMongo;
  let store: ReadModelStore;

  before(async () => {
    mongo = await openTestMongo(address);
    store = openMongoReadModels({ mongo: mongo.mongo, logger: silentLogger });
  });

  after(() => mongo.remove());

  describe('over a socket', function suite() {
    this.timeout(120_000);
    readModelStoreContract(() => store, { runs: 0.2 });
  });
});
