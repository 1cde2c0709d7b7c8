import { openEventStore, type OpenEventStore } from '../../infrastructure/event-store/event-store.ts';
import { systemClock } from '../../infrastructure/runtime/clock.ts';
import { systemIds } from '../../infrastructure/runtime/ids.ts';
import { sampleCodec } from '../support/sample-events.ts';
import { failOnFatal } from '../support/silent.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { eventStoreContract } from './event-store.contract.ts';
import { keyVaultContract } from './key-vault.contract.ts';

describe('contract: embedded event store', () => {
  let directory: TemporaryDirectory;
  let opened: OpenEventStore;

  before(async () => {
    directory = temporaryDirectory();
    opened = await openEventStore({ path: `${directory.path}/events.db`, codec: sampleCodec, clock: systemClock, ids: systemIds, onFatal: failOnFatal });
  });

  after(async () => {
    await opened.close();
    directory.remove();
  });

  eventStoreContract(() => opened);
  describe('key vault', () => keyVaultContract(() => opened.vault));
});
