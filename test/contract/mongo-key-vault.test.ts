import { expect } from 'chai';
import { randomUUIDv7 } from 'node:crypto';
import type { Collection, Db } from 'mongodb';
import type { KeyVault } from '../../application/kernel/ports.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import type { Mongo } from '../../infrastructure/mongodb/connection.ts';
import { storeKeys } from '../../infrastructure/eventstoredb/key-storing.ts';
import { openMongoVault } from '../../infrastructure/mongodb/key-vault.ts';
import { openOwnMongo, type OwnMongo } from '../support/own-mongo.ts';
import { rejection } from '../support/rejections.ts';
import { keyVaultContract, someKey } from './key-vault.contract.ts';

const added = async (keys: Promise<unknown>): Promise<boolean> => keys.then(() => true, () => false);

describe('contract: key vault in MongoDB', function suite() {
  this.timeout(60_000);
  let mongo: OwnMongo;
  let first: Mongo;
  let db: Db;
  let vaults: readonly KeyVault[];
  const each = (index: number): KeyVault => vaults[index % 2] as KeyVault;

  before(async function connect() {
    mongo = openOwnMongo(this);
    first = await mongo.open();
    ({ db } = first);
    const second = await mongo.open();
    vaults = [await openMongoVault({ db, asking: first.guarded }), await openMongoVault({ db: second.db, asking: second.guarded, patienceMs: 500 })];
  });

  after(async () => mongo?.close());

  keyVaultContract(() => each(0));

  it('of two processes, one makes the key of a person', async () => {
    const lookup = randomUUIDv7();
    const one = someKey({ lookup });
    const won = await Promise.all(Array.from({ length: 20 }, (_, index) => added(each(index).add([someKey({ tenant: one.tenant, lookup })]))));
    expect(won.filter(Boolean)).to.have.lengthOf(1);
    expect(await each(0).find(lookup, one.tenant)).to.have.lengthOf(1);
  });

  it('of two processes that add several, one adds all and the other none', async () => {
    for (let round = 0; round < 10; round += 1) {
      const [a, b] = [someKey({ lookup: randomUUIDv7() }), someKey({ lookup: randomUUIDv7() })];
      const twins = [someKey({ tenant: b.tenant, lookup: b.lookup as string }), someKey({ tenant: a.tenant, lookup: a.lookup as string })];
      const won = await Promise.all([added(each(0).add([a, b])), added(each(1).add(twins))]);
      expect(won.filter(Boolean)).to.have.lengthOf(1);
      const there = won[0] ? [a, b] : twins;
      const gone = won[0] ? twins : [a, b];
      for (const { id } of there) expect(await each(1).get(id)).not.to.equal(undefined);
      for (const { id } of gone) expect(await each(1).get(id)).to.equal(undefined);
    }
  });

  it('neither shows nor keeps for ever what a crash left half added', async () => {
    const lookup = randomUUIDv7();
    const left = someKey({ lookup });
    await each(0).add([left]);
    await db.collection('keys').updateOne({ _id: left.id as never }, { $set: { pending: 'of a process that is no more' } });
    expect(await each(0).get(left.id)).to.equal(undefined);
    expect(await each(0).find(lookup)).to.deep.equal([]);
    expect(await each(0).list('subject', left.tenant)).to.deep.equal([]);
    expect(await each(0).rewrap({ ...left, wrappedBy: 2 }, 1)).to.equal(false);
    const next = someKey({ tenant: left.tenant, lookup });
    await each(1).add([next]);
    expect((await each(0).find(lookup)).map(({ id }) => id)).to.deep.equal([next.id]);
  });

  it('keeps keys before an append again as the same, and another one of the same place as a conflict', async () => {
    const key = someKey({ lookup: randomUUIDv7() });
    await storeKeys(each(0), [key]);
    await each(0).rewrap({ ...key, wrappedBy: 2 }, 1);
    await storeKeys(each(1), [key]);
    expect((await each(0).get(key.id))?.wrappedBy, 'a repetition does not undo what was wrapped anew').to.equal(2);
    const other = someKey({ tenant: key.tenant, lookup: key.lookup as string });
    expect((await rejection(storeKeys(each(0), [other]))).code).to.equal('kernel.key_exists');
  });

  /** The vault, with `instead` where it takes a key away. */
  const takingAway = (instead: (filter: never, keys: Collection) => Promise<unknown>): Promise<KeyVault> =>
    openMongoVault({
      db: new Proxy(db, {
        get: (target, name) =>
          name !== 'collection' ? Reflect.get(target, name) : (named: string) => {
            const keys = target.collection(named);
            return new Proxy(keys, {
              get: (collection, what) => {
                if (what === 'deleteOne') return (filter: never) => instead(filter, keys);
                const value: unknown = Reflect.get(collection, what);
                return typeof value === 'function' ? value.bind(collection) : value;
              },
            });
          },
      }),
      asking: first.guarded,
    });

  it('overwrites a key before it takes it away', async () => {
    const key = someKey();
    await each(0).add([key]);
    const seen: unknown[] = [];
    const watched = await takingAway(async (filter, keys) => {
      seen.push((await keys.findOne(filter))?.['wrapped']);
      return keys.deleteOne(filter);
    });
    await watched.destroy(key.id);
    expect(seen.map((wrapped) => Buffer.from((wrapped as { buffer: Uint8Array }).buffer).toString('hex'))).to.deep.equal(['00'.repeat(60)]);
  });

  it('shows nobody a key that is overwritten and not yet taken away, and gives its place to the next', async () => {
    const key = someKey({ lookup: randomUUIDv7() });
    await each(0).add([key]);
    const cut = await takingAway(async () => Promise.reject(new Rejection('storage.unavailable')));
    expect((await rejection(cut.destroy(key.id))).code).to.equal('storage.unavailable');
    expect(await each(1).get(key.id), 'it would not open').to.equal(undefined);
    expect(await each(1).find(key.lookup as string)).to.deep.equal([]);
    expect(await each(1).rewrap({ ...key, wrappedBy: 2 }, 1), 'nothing puts it back').to.equal(false);
    const next = someKey({ tenant: key.tenant, lookup: key.lookup as string });
    await each(1).add([next]);
    expect((await each(1).find(key.lookup as string)).map(({ id }) => id)).to.deep.equal([next.id]);
    await each(0).destroy(key.id);
    expect(await each(1).get(next.id), 'again: nothing is left to destroy').not.to.equal(undefined);
  });
});
