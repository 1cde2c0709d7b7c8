import { expect } from 'chai';
import { randomUUIDv7 } from 'node:crypto';
import { openEventStore, type OpenEventStore } from '../../infrastructure/event-store/event-store.ts';
import { systemClock } from '../../infrastructure/runtime/clock.ts';
import { systemIds } from '../../infrastructure/runtime/ids.ts';
import { rejection } from '../support/rejections.ts';
import { noted, sampleCodec, someCause, someStream } from '../support/sample-events.ts';
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

  // An engine whose ids are unique in a stream only cannot know.
  it('refuses ids that another stream has', async () => {
    const [known, there] = [randomUUIDv7(), someStream()];
    await opened.store.append(someStream(), 'none', [noted('a')], { ...someCause, ids: [known] });
    const refused = await rejection(opened.store.append(there, 'any', [noted('x')], { ...someCause, ids: [known] }));
    expect(refused.code).to.equal('kernel.event_id_conflict');
    expect(await opened.store.head(there)).to.equal(-1);
  });

  describe('key vault', () => keyVaultContract(() => opened.vault));
});
