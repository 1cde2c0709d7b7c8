import { expect } from 'chai';
import { copyFileSync, existsSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LANES } from '../../../application/delivery/shelves.ts';
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

/** How far webhooks have been told. */
const lanes = async ({ state }: Embedded): Promise<readonly object[]> => {
  const found: object[] = [];
  for await (const { value } of state.list(LANES)) found.push(JSON.parse(value) as object);
  return found;
};

/** Of a webhook: how far it has been told, and up to where, if it is told anew. */
const lane = (place: number | null, upTo: number | null) => ({ place: place === null ? null : toPosition(place), upTo: upTo === null ? null : toPosition(upTo), since: null, until: null, types: null });

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

  const withLanes = (...all: readonly object[]): Promise<void> => during(async ({ state }) => {
    for (const [index, one] of all.entries()) await state.compareAndSet(LANES, `tenant/webhook/${index}`, undefined, { value: JSON.stringify(one) });
  });

  it('is fitted as to what webhooks have been told: nothing that follows in an older copy of the log is passed over', async () => {
    await grow(2);
    copyFileSync(at('events.db'), at('older'));
    await grow(3);
    await withLanes(lane(5, null), lane(1, 4), lane(null, null), lane(2, null));
    copyFileSync(at('older'), at('events.db'));
    expect(await during(lanes)).to.deep.equal([lane(2, null), lane(1, 2), lane(null, null), lane(2, null)]);
  });

  it('is ahead of the log where nothing but a webhook is', async () => {
    await grow(2);
    await withLanes(lane(9, null));
    expect(unfitting(directory.path)).to.have.lengthOf(1);
    expect(await during(lanes)).to.deep.equal([lane(2, null)]);
    expect(unfitting(directory.path)).to.deep.equal([]);
  });

  it('is fitted to another log as to what webhooks have been told', async () => {
    const other = temporaryDirectory();
    await grow(9, other.path);
    await grow(2);
    await withLanes(lane(1, null), lane(null, null));
    copyFileSync(join(other.path, 'events.db'), at('events.db'));
    other.remove();
    expect(await during(lanes)).to.deep.equal([lane(9, null), lane(9, null)]);
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
