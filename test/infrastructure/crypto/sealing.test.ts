import { expect } from 'chai';
import { randomBytes, randomUUID } from 'node:crypto';
import type { Place } from '../../../application/kernel/sealing.ts';
import { INSTALLATION, type TenantId } from '../../../domain/kernel/ids.ts';
import { Rejection } from '../../../domain/kernel/rejection.ts';
import { openSealing } from '../../../infrastructure/crypto/sealing.ts';
import { createMemoryVault, type MemoryVault } from '../../support/memory-vault.ts';
import { randomIds } from '../../support/random-ids.ts';

const tenant = randomUUID() as TenantId;
const elsewhere = randomUUID() as TenantId;
const place: Place = { tenant, place: 'keys.key-1#material#1' };
const open = (vault: MemoryVault, masterKey = Buffer.alloc(32, 7)) => openSealing({ vault, masterKey, ids: randomIds });

const codeOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'resolved',
    (error: unknown) => (error instanceof Rejection ? error.code : `threw ${String(error)}`),
  );

describe('secrets at rest', () => {
  it('open again in their place, also after a restart', async () => {
    const vault = createMemoryVault();
    const secret = randomBytes(100);
    const sealed = await (await open(vault)).secrets.seal(place, secret);
    expect(Buffer.from(await (await open(vault)).secrets.open(place, sealed)).equals(secret)).to.equal(true);
  });

  it('open for the installation as for any tenant, and when empty', async () => {
    const { secrets } = await open(createMemoryVault());
    const there = { tenant: INSTALLATION, place: 'x' };
    expect(await secrets.open(there, await secrets.seal(there, Buffer.alloc(0)))).to.have.length(0);
  });

  it('never open in another place, tenant or key version', async () => {
    const { secrets } = await open(createMemoryVault());
    const sealed = await secrets.seal(place, Buffer.from('value'));
    await secrets.seal({ ...place, tenant: elsewhere }, Buffer.from('so that the other tenant has a key'));
    for (const wrong of [{ ...place, tenant: elsewhere }, { ...place, place: 'keys.key-2#material#1' }, { ...place, place: 'keys.key-1#material#2' }]) {
      expect(await codeOf(secrets.open(wrong, sealed))).to.equal('kernel.seal_broken');
    }
    expect(await codeOf(secrets.open(place, { ...sealed, tenantKey: 2 }))).to.equal('kernel.seal_broken');
  });

  it('refuse every single flipped bit and every truncation', async () => {
    const { secrets } = await open(createMemoryVault());
    const sealed = await secrets.seal(place, Buffer.from('v'));
    const bytes = Buffer.from(sealed.box, 'base64url');
    const tried = async (altered: Buffer) => codeOf(secrets.open(place, { ...sealed, box: altered.toString('base64url') }));
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const altered = Buffer.from(bytes);
      altered.writeUInt8(altered.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(await tried(altered), `bit ${bit}`).to.equal('kernel.seal_broken');
    }
    for (let length = 0; length < bytes.length; length += 1) {
      expect(await tried(bytes.subarray(0, length)), `length ${length}`).to.equal('kernel.seal_broken');
    }
  });

  it('use a data key and nonces of their own each time', async () => {
    const { secrets } = await open(createMemoryVault());
    const boxes = await Promise.all(Array.from({ length: 200 }, () => secrets.seal(place, Buffer.from('same'))));
    expect(new Set(boxes.map(({ box }) => box)).size).to.equal(200);
  });

  it('are wrapped once for a tenant whose first secrets come at the same time', async () => {
    const vault = createMemoryVault();
    const { secrets } = await open(vault);
    const boxes = await Promise.all(Array.from({ length: 8 }, () => secrets.seal(place, Buffer.from('x'))));
    expect(await vault.list('tenant', tenant)).to.have.length(1);
    for (const box of boxes) expect(Buffer.from(await secrets.open(place, box)).toString()).to.equal('x');
  });
});

describe('the master key', () => {
  it('that is another one stops the start with one clear line', async () => {
    const vault = createMemoryVault();
    await open(vault);
    const failure: unknown = await open(vault, Buffer.alloc(32, 8)).catch((error: unknown) => error);
    expect(String(failure)).to.match(/^WrongMasterKey: MASTER_KEY is not the key .*accepted is .*$/u);
  });

  it('of the wrong length stops the start', async () => {
    const failure: unknown = await open(createMemoryVault(), Buffer.alloc(16)).catch((error: unknown) => error);
    expect(String(failure)).to.match(/MASTER_KEY has 16 bytes; accepted are 32/u);
  });

  it('is missed when its check value was taken out of a vault that holds keys', async () => {
    const vault = createMemoryVault();
    const { blindIndex } = await open(vault);
    await blindIndex('subject', 'so that an index key exists');
    await vault.destroy('installation/master-check/1');
    expect(String(await open(vault).catch((error: unknown) => error))).to.match(/WrongMasterKey/u);
  });

  it('leaves no key of the vault readable without it', async () => {
    const vault = createMemoryVault();
    const { secrets, personalData } = await open(vault);
    await secrets.seal(place, Buffer.from('x'));
    await vault.add((await personalData.subject(tenant, 'ann@example.test')).newKeys);
    for (const { wrapped } of vault.records.values()) expect(wrapped).to.have.length(60);
  });
});

describe('personal data', () => {
  it('opens under the key of its subject, which is found by any spelling of the address', async () => {
    const vault = createMemoryVault();
    const { personalData } = await open(vault);
    const ann = await personalData.subject(tenant, 'Ann.Müller@Example.test');
    const sealed = await personalData.seal(ann, place, 'Ann.Müller@Example.test');
    await vault.add(ann.newKeys);
    const again = await personalData.subject(tenant, ' ann.mu\u0308ller@EXAMPLE.test');
    expect(again).to.deep.equal({ id: ann.id, newKeys: [] });
    expect(await personalData.find(tenant, 'ann.müller@example.test')).to.equal(ann.id);
    expect(await personalData.open(sealed, place)).to.equal('Ann.Müller@Example.test');
    expect(await personalData.open(await personalData.seal(again, place, '10.0.0.1'), place)).to.equal('10.0.0.1');
  });

  it('is one subject in each tenant, found in all of them', async () => {
    const vault = createMemoryVault();
    const { personalData } = await open(vault);
    const here = await personalData.subject(tenant, 'a@b.test');
    const there = await personalData.subject(elsewhere, 'a@b.test');
    await vault.add([...here.newKeys, ...there.newKeys]);
    expect(here.id).not.to.equal(there.id);
    expect(await personalData.findEverywhere('A@b.test')).to.have.deep.members([
      { tenant, subject: here.id },
      { tenant: elsewhere, subject: there.id },
    ]);
    expect(await personalData.find(randomUUID() as TenantId, 'a@b.test')).to.equal(undefined);
  });

  it('is gone for good, without any cache, once the key is destroyed', async () => {
    const vault = createMemoryVault();
    const { personalData } = await open(vault);
    const ann = await personalData.subject(tenant, 'a@b.test');
    await vault.add(ann.newKeys);
    const sealed = await personalData.seal(ann, place, 'a@b.test');
    expect(await personalData.open(sealed, place)).to.equal('a@b.test');
    await vault.destroy(ann.id);
    expect(await personalData.open(sealed, place)).to.equal(undefined);
    expect(await personalData.find(tenant, 'a@b.test')).to.equal(undefined);
    expect(await codeOf(personalData.seal({ id: ann.id, newKeys: [] }, place, 'x'))).to.equal('kernel.subject_unknown');
  });

  it('never opens in another place, or with the key of another person', async () => {
    const vault = createMemoryVault();
    const { personalData } = await open(vault);
    const ann = await personalData.subject(tenant, 'a@b.test');
    const bob = await personalData.subject(tenant, 'b@b.test');
    await vault.add([...ann.newKeys, ...bob.newKeys]);
    const sealed = await personalData.seal(ann, place, 'a@b.test');
    for (const [box, where] of [
      [sealed, { ...place, place: 'other' }],
      [sealed, { ...place, tenant: elsewhere }],
      [{ ...sealed, subject: bob.id }, place],
    ] as const) {
      expect(await codeOf(personalData.open(box, where))).to.equal('kernel.seal_broken');
    }
  });

  it('notices keys that were swapped between two persons in the vault', async () => {
    const vault = createMemoryVault();
    const { personalData } = await open(vault);
    const ann = await personalData.subject(tenant, 'a@b.test');
    const bob = await personalData.subject(tenant, 'b@b.test');
    await vault.add([...ann.newKeys, ...bob.newKeys]);
    const sealed = await personalData.seal(ann, place, 'a@b.test');
    const [annKey] = ann.newKeys;
    const [bobKey] = bob.newKeys;
    if (annKey?.lookup === undefined || bobKey?.lookup === undefined) throw new Error('no keys');
    vault.records.set(ann.id, { ...annKey, lookup: bobKey.lookup });
    vault.records.set(bob.id, { ...bobKey, lookup: annKey.lookup });
    const found = await personalData.subject(tenant, 'a@b.test');
    expect(await codeOf(personalData.seal(found, place, 'a@b.test'))).to.equal('kernel.seal_broken');
    expect(await codeOf(personalData.open(sealed, place))).to.equal('kernel.seal_broken');
  });
});
