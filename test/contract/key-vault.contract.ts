/** What every key vault keeps to. */
import { expect } from 'chai';
import { randomBytes, randomUUIDv7 } from 'node:crypto';
import type { KeyRecord, KeyVault } from '../../application/kernel/ports.ts';
import { rejection } from '../support/rejections.ts';
import { someTenant } from '../support/sample-events.ts';

export const someKey = (over: Partial<KeyRecord> = {}): KeyRecord => ({
  id: randomUUIDv7(), tenant: someTenant(), kind: 'subject', version: 1, wrappedBy: 1, wrapped: randomBytes(60), ...over,
});

const plain = (record: KeyRecord | undefined): unknown =>
  record === undefined ? undefined : { ...record, wrapped: Buffer.from(record.wrapped).toString('hex') };

export const keyVaultContract = (vault: () => KeyVault): void => {
  it('gives back a key by id, and undefined for none', async () => {
    const key = someKey({ lookup: 'blind' });
    await vault().add([key]);
    expect(plain(await vault().get(key.id))).to.deep.equal(plain(key));
    expect(await vault().get(randomUUIDv7())).to.equal(undefined);
  });

  it('finds by blind index in one tenant or in all, and lists by kind', async () => {
    const lookup = randomUUIDv7();
    const [one, two] = [someKey({ lookup }), someKey({ lookup })];
    const tenantKey = someKey({ kind: 'tenant', tenant: one.tenant });
    await vault().add([one, two, tenantKey]);
    expect((await vault().find(lookup)).map(({ id }) => id)).to.have.members([one.id, two.id]);
    expect((await vault().find(lookup, two.tenant)).map(({ id }) => id)).to.deep.equal([two.id]);
    expect((await vault().list('tenant', one.tenant)).map(({ id }) => id)).to.deep.equal([tenantKey.id]);
    const found = someKey({ kind: 'installation', lookup: randomUUIDv7() });
    await vault().add([found]);
    expect((await vault().list('tenant')).map(({ id }) => id)).to.include(tenantKey.id).and.not.include(found.id);
    expect((await vault().list('installation')).map(({ id }) => id)).to.include(found.id);
  });

  it('goes through the keys of a kind in a tenant in pieces, by id', async () => {
    const first = someKey();
    const { tenant } = first;
    const keys = [first, ...Array.from({ length: 600 }, () => someKey({ tenant }))];
    await Promise.all(keys.map((key) => vault().add([key])));
    await vault().add([someKey({ tenant, kind: 'tenant' })]);
    await vault().add([someKey()]);
    const pieces = await Array.fromAsync(vault().pieces('subject', tenant));
    expect(Math.max(...pieces.map(({ length }) => length))).to.be.at.most(500);
    const all = pieces.flat();
    expect(all.map(({ id }) => id)).to.deep.equal(keys.map(({ id }) => id).toSorted());
    expect(plain(all.find(({ id }) => id === first.id))).to.deep.equal(plain(first));
    expect((await Array.fromAsync(vault().pieces('subject', someTenant()))).flat()).to.deep.equal([]);
  });

  it('adds all or none', async () => {
    const known = someKey({ lookup: randomUUIDv7() });
    await vault().add([known]);
    for (const twin of [someKey({ id: known.id }), someKey({ tenant: known.tenant, lookup: known.lookup as string })]) {
      const fresh = someKey();
      expect((await rejection(vault().add([fresh, twin]))).code).to.equal('kernel.key_exists');
      expect(await vault().get(fresh.id)).to.equal(undefined);
    }
    const doubled = someKey();
    expect((await rejection(vault().add([doubled, doubled]))).code).to.equal('kernel.key_exists');
  });

  it('rewraps only from the wrapping that was expected', async () => {
    const key = someKey();
    await vault().add([key]);
    const next = { ...key, wrappedBy: 2, wrapped: randomBytes(60) };
    expect(await vault().rewrap(next, 7)).to.equal(false);
    expect(await vault().rewrap({ ...next, version: 9 }, 1)).to.equal(false);
    expect(await vault().rewrap(next, 1)).to.equal(true);
    expect(plain(await vault().get(key.id))).to.deep.equal(plain(next));
  });

  it('lets one of two concurrent rewraps win', async () => {
    const key = someKey();
    await vault().add([key]);
    const won = await Promise.all([2, 3].map((wrappedBy) => vault().rewrap({ ...key, wrappedBy }, 1)));
    expect(won.filter(Boolean)).to.have.lengthOf(1);
  });

  it('destroys for good, and twice is once', async () => {
    const key = someKey({ lookup: randomUUIDv7() });
    await vault().add([key]);
    await vault().destroy(key.id);
    await vault().destroy(key.id);
    expect(await vault().get(key.id)).to.equal(undefined);
    expect(await vault().find(key.lookup as string)).to.deep.equal([]);
  });
};
