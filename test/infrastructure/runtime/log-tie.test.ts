import { expect } from 'chai';
import { copyFileSync, existsSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '../../../application/kernel/ports.ts';
import type { TenantId } from '../../../domain/kernel/ids.ts';
import { systemClock } from '../../../infrastructure/runtime/clock.ts';
import { type Embedded, openEmbedded } from '../../../infrastructure/runtime/embedded.ts';
import { unfitting } from '../../../infrastructure/runtime/log-tie.ts';
import { toPosition } from '../../../infrastructure/runtime/positions.ts';
import { noted, sampleCodec, someCause, someStream } from '../../support/sample-events.ts';
import { failOnFatal, silentLogger } from '../../support/silent.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';

const MODEL = { name: 'notes', version: 1, indexes: [] };
const TENANT = '00000000-0000-7000-8000-000000000001' as TenantId;

describe('what is derived from a log', () => {
  let directory: TemporaryDirectory;
  let warnings: string[];

  beforeEach(() => {
    directory = temporaryDirectory();
    warnings = [];
  });

  afterEach(() => directory.remove());

  const at = (name: string): string => join(directory.path, name);

  const during = async <T>(work: (embedded: Embedded) => Promise<T>, dataDir = directory.path): Promise<T> => {
    const logger: Logger = { ...silentLogger, warn: (_fields, message) => void warnings.push(message) };
    const embedded = await openEmbedded({ dataDir, codec: sampleCodec, clock: systemClock, logger, onFatal: failOnFatal });
    try {
      return await work(embedded);
    } finally {
      await embedded.close();
    }
  };

  /** Events, and what says that it has seen them. */
  const grow = (events: number, dataDir?: string): Promise<void> =>
    during(async ({ store, log, readModels, state }) => {
      for (let n = 0; n < events; n += 1) await store.append(someStream(), 'none', [noted(`${n}`)], someCause);
      await readModels.prepare(MODEL);
      const head = (await log.head()) ?? toPosition(0);
      await readModels.commit(MODEL, [{ tenant: TENANT, id: 'one', document: { n: 1 }, position: head }], await readModels.checkpoint(MODEL), head);
      await state.compareAndSet('checkpoint:follower', 'mails', await state.get('checkpoint:follower', 'mails'), { value: head });
      await state.compareAndSet('idempotency', 'kept', undefined, { value: 'an answer' });
    }, dataDir);

  const left = (): Promise<Readonly<{ checkpoint: string | undefined; follower: string | undefined; answer: string | undefined }>> =>
    during(async ({ readModels, state }) => {
      await readModels.prepare(MODEL);
      return {
        checkpoint: await readModels.checkpoint(MODEL),
        follower: await state.get('checkpoint:follower', 'mails'),
        answer: await state.get('idempotency', 'kept'),
      };
    });

  const failure = (): Promise<string> => during(async () => 'opened').catch((error: unknown) => (error as Error).message);

  it('stays while the log is its own', async () => {
    await grow(3);
    expect(await left()).to.deep.equal({ checkpoint: toPosition(3), follower: toPosition(3), answer: 'an answer' });
    expect(warnings).to.deep.equal([]);
    expect(unfitting(directory.path)).to.deep.equal([]);
  });

  it('is fitted to an older copy of the log: read models go, followers go back no further, kept answers go', async () => {
    await grow(2);
    copyFileSync(at('events.db'), at('older'));
    await grow(3);
    copyFileSync(at('older'), at('events.db'));
    rmSync(at('older'));
    expect(unfitting(directory.path)).to.have.lengthOf(2);
    expect(await left()).to.deep.equal({ checkpoint: undefined, follower: toPosition(2), answer: undefined });
    expect(warnings).to.have.lengthOf(2);
    expect(warnings.join()).to.include('ahead of the log');
    expect(unfitting(directory.path)).to.deep.equal([]);
  });

  it('is fitted to another log, though that one is longer: nothing that it says happened is answered again outside', async () => {
    const other = temporaryDirectory();
    await grow(9, other.path);
    await grow(2);
    copyFileSync(join(other.path, 'events.db'), at('events.db'));
    other.remove();
    expect(await left()).to.deep.equal({ checkpoint: undefined, follower: toPosition(9), answer: undefined });
    expect(warnings.join()).to.include('another log');
  });

  it('is fitted to a log that went another way after the same beginning', async () => {
    await grow(2);
    copyFileSync(at('events.db'), at('older'));
    await grow(1);
    const own = [at('read-models.db'), at('state.db')];
    for (const path of own) copyFileSync(path, `${path}.kept`);
    copyFileSync(at('older'), at('events.db'));
    await grow(4);
    for (const path of own) copyFileSync(`${path}.kept`, path);
    expect((await left()).checkpoint).to.equal(undefined);
  });

  for (const [how, lose] of [['gone', (path: string) => rmSync(path)], ['empty', (path: string) => truncateSync(path)]] as const) {
    it(`stops a start whose log is ${how}, in one line, and changes nothing`, async () => {
      await grow(2);
      lose(at('events.db'));
      expect(await failure()).to.match(/^.*events\.db is missing or holds no event.*restore a backup[^\n]*$/);
      expect(() => unfitting(directory.path)).to.throw('events.db is missing');
      expect(existsSync(at('events.db'))).to.equal(how === 'empty');
    });
  }

  it('does not stop a first start that ended before the first event', async () => {
    await during(async () => undefined);
    expect(await failure()).to.equal('opened');
  });

  it('is filled again when the read models are damaged, and named when anything else is', async () => {
    await grow(2);
    writeFileSync(at('read-models.db'), 'x'.repeat(8_192));
    expect((await left()).checkpoint).to.equal(undefined);
    expect(warnings.join()).to.include('set aside');
    expect(existsSync(at('read-models.db.damaged'))).to.equal(true);
    for (const name of ['state.db', 'events.db']) {
      writeFileSync(at(name), 'x'.repeat(8_192));
      expect(await failure()).to.match(new RegExp(`^${at(name)} is damaged: [^\n]+$`));
    }
  });
});
