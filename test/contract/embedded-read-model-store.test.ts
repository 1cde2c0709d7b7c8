import { openReadModelStore, type OpenReadModelStore } from '../../infrastructure/read-models/read-model-store.ts';
import { failOnFatal } from '../support/silent.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { readModelStoreContract } from './read-model-store.contract.ts';

describe('contract: embedded read-model store', () => {
  let directory: TemporaryDirectory;
  let opened: OpenReadModelStore;

  before(async () => {
    directory = temporaryDirectory();
    opened = await openReadModelStore({ path: `${directory.path}/read-models.db`, onFatal: failOnFatal });
  });

  after(async () => {
    await opened.close();
    directory.remove();
  });

  readModelStoreContract(() => opened.readModels);
});
