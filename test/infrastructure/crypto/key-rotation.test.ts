/** Every level of the envelope is rotated while it is in use, and cut off after every step. */
import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import type { KeyVault } from '../../../application/kernel/ports.ts';
import type { Place } from '../../../application/kernel/sealing.ts';
import type { TenantId } from '../../../domain/kernel/ids.ts';
import type { Sealed, SealedSecret } from '../../../domain/kernel/sealed.ts';
import { openSealing, type Sealing } from '../../../infrastructure/crypto/sealing.ts';
import { systemClock } from '../../../infrastructure/runtime/clock.ts';
import { openEmbedded, type Embedded } from '../../../infrastructure/runtime/embedded.ts';
import { createMemoryVault, type MemoryVault } from '../../support/memory-vault.ts';
import { randomIds } from '../../support/random-ids.ts';
import { sampleCodec } from '../../support/sample-events.ts';
import { failOnFatal, silentLogger } from '../../support/silent.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';

const master = (n: number): Uint8Array => new Uint8Array(32).fill(n);
const open = (vault: KeyVault, n: number, previous?: number): Promise<Sealing> =>
  openSealing({ vault, masterKey: master(n), ids: randomIds, ...(previous !== undefined && { previous: master(previous) }) });

type Kept = Readonly<{ place: Place; secret: SealedSecret; personal: Sealed; text: string }>;

const people = (tenant: TenantId, n: number) => `person-${n}@${tenant}.example`;

/** Seals a secret and something about a person. */
const keep = async ({ secrets, personalData }: Sealing, vault: KeyVault, tenant: TenantId, n: number): Promise<Kept> => {
  const text = randomUUID();
  const place = { tenant, place: `keys.key-${text}#material#1` };
  const subject = await personalData.subject(tenant, people(tenant, n % 20));
  const personal = await personalData.seal(subject, place, text);
  // Another writer may have made the same person known: then theirs it is.
  const isTheirs = await vault.add(subject.newKeys).then(() => false, () => true);
  const again = isTheirs ? await personalData.seal(await personalData.subject(tenant, people(tenant, n % 20)), place, text) : personal;
  return { place, text, secret: await secrets.seal(place, Buffer.from(text)), personal: again };
};

const opens = async ({ secrets, personalData }: Sealing, { place, text, secret, personal }: Kept): Promise<boolean> =>
  Buffer.from(await secrets.open(place, secret)).toString() === text && (await personalData.open(personal, place)) === text;

describe('key rotation under load', () => {
  let directory: TemporaryDirectory;
  let embedded: Embedded;
  beforeEach(async () => {
    directory = temporaryDirectory();
    embedded = await openEmbedded({ dataDir: directory.path, codec: sampleCodec, clock: systemClock, logger: silentLogger, onFatal: failOnFatal });
  });
  afterEach(async () => {
    await embedded.close();
    directory.remove();
  });

  it('of master and tenant keys fails none of 32 writers, and what they sealed opens in the next process', async () => {
    const { vault } = embedded;
    const sealing = await open(vault, 1);
    const tenants = [randomUUID(), randomUUID()] as TenantId[];
    const kept: Kept[] = [];
    let failed = 0;
    const over = new AbortController();
    const writer = async (n: number): Promise<void> => {
      for (let round = 0; !over.signal.aborted; round += 1) {
        try {
          kept.push(await keep(sealing, vault, tenants[n % 2] as TenantId, n + round));
          if (!(await opens(sealing, kept[(n * 31 + round) % kept.length] as Kept))) failed += 1;
        } catch {
          failed += 1;
        }
      }
    };
    const writers = Array.from({ length: 32 }, (_, n) => writer(n));
    for (let round = 2; round <= 5; round += 1) {
      for (const tenant of tenants) expect((await sealing.keyring.rotateTenant(tenant)).version).to.equal(round);
      expect((await sealing.keyring.rotateMaster(master(round))).version).to.equal(round);
    }
    over.abort();
    await Promise.all(writers);
    expect([failed, kept.length > 100]).to.deep.equal([0, true]);
    expect(new Set(kept.map(({ secret }) => secret.tenantKey)).size, 'versions in use').to.be.greaterThan(2);
    const next = await open(vault, 5);
    for (const each of kept) expect(await opens(next, each)).to.equal(true);
    expect(String(await open(vault, 4).catch((error: unknown) => error))).to.match(/WrongMasterKey: MASTER_KEY: it has been replaced/u);
  });

  it('leaves no process sealing under a key that another one has replaced', async () => {
    const { vault } = embedded;
    const [one, two] = [await open(vault, 1), await open(vault, 1)];
    const tenant = randomUUID() as TenantId;
    for (let round = 1; round <= 20; round += 1) {
      expect((await keep(two, vault, tenant, round)).secret.tenantKey).to.equal(round);
      await one.keyring.rotateTenant(tenant);
    }
    const subjects = await vault.list('subject', tenant);
    expect([...new Set(subjects.map(({ wrappedBy }) => wrappedBy))]).to.deep.equal([21]);
  });

  it('leaves a person erased who was erased meanwhile', async () => {
    const { vault } = embedded;
    const sealing = await open(vault, 1);
    const tenant = randomUUID() as TenantId;
    const kept = await Promise.all(Array.from({ length: 20 }, (_, n) => keep(sealing, vault, tenant, n)));
    const [gone = expect.fail()] = kept;
    await Promise.all([sealing.keyring.rotateTenant(tenant), vault.destroy(gone.personal.subject)]);
    expect(await sealing.personalData.open(gone.personal, gone.place)).to.equal(undefined);
    expect((await vault.list('subject', tenant)).length).to.equal(19);
  });
});

describe('the rotation of a tenant with many people', () => {
  it('reads a few of them at a time, looks for its own key by name, and puts all of them under the new one', async () => {
    const memory = createMemoryVault();
    const sealing = await open(memory, 1);
    const tenant = randomUUID() as TenantId;
    const made = await Promise.all(Array.from({ length: 1_201 }, async (_, n) => (await sealing.personalData.subject(tenant, people(tenant, n))).newKeys));
    for (const record of made.flat()) memory.records.set(record.id, record);
    const vault: KeyVault = { ...memory, list: async (kind, of) => (kind === 'subject' || of !== undefined ? expect.fail('all at once') : memory.list(kind, of)) };
    const told: (readonly [number, number])[] = [];
    const rotated = await (await open(vault, 1)).keyring.rotateTenant(tenant, (done, of) => told.push([done, of]));
    expect([rotated, told.length, told.at(-1)]).to.deep.equal([{ version: 2, rewrapped: 1_201 }, 1_201, [1_201, 1_201]]);
    expect([...new Set((await memory.list('subject', tenant)).map(({ wrappedBy }) => wrappedBy))]).to.deep.equal([2]);
  });
});

/** A vault that dies at its nth write, before or after doing it. */
const dyingVault = (vault: MemoryVault, nth: number, after: boolean): KeyVault => {
  let writes = 0;
  const write = async <T>(work: () => Promise<T>): Promise<T> => {
    writes += 1;
    if (writes === nth && !after) throw new Error('killed');
    const result = await work();
    if (writes >= nth) throw new Error('killed');
    return result;
  };
  return {
    ...vault,
    add: (records) => write(() => vault.add(records)),
    rewrap: (record, expected) => write(() => vault.rewrap(record, expected)),
    destroy: (id) => write(() => vault.destroy(id)),
  };
};

const filled = async (): Promise<Readonly<{ vault: MemoryVault; kept: readonly Kept[]; tenant: TenantId }>> => {
  const vault = createMemoryVault();
  const sealing = await open(vault, 1);
  const tenants = Array.from({ length: 3 }, () => randomUUID() as TenantId);
  const kept = [];
  for (const tenant of tenants) for (let n = 0; n < 3; n += 1) kept.push(await keep(sealing, vault, tenant, n));
  return { vault, kept, tenant: tenants[0] as TenantId };
};

describe('key rotation that is cut off', () => {
  for (const after of [false, true]) {
    it(`of the master key, ${after ? 'after' : 'before'} every single write: going on with both keys ends it, the old one alone is refused once there is a new one`, async () => {
      let steps = 0;
      for (let cut = true; cut; steps += 1) {
        const { vault, kept } = await filled();
        const dying = await open(dyingVault(vault, steps + 1, after), 1);
        cut = await dying.keyring.rotateMaster(master(2)).then(() => false, () => true);
        const begun = [...vault.records.keys()].includes('installation/master-check/2');
        expect(await open(vault, 1).then(() => false, () => true), `${steps}: the old key alone`).to.equal(begun);
        const resumed = await open(vault, 2, 1);
        for (const each of kept) expect(await opens(resumed, each), String(steps)).to.equal(true);
        const alone = await open(vault, 2);
        for (const each of kept) expect(await opens(alone, each), String(steps)).to.equal(true);
        expect(alone.keyring.finished).to.equal(undefined);
      }
      expect(steps).to.be.greaterThan(4);
    });

    it(`of a tenant key, ${after ? 'after' : 'before'} every single write: everything opens, and the next attempt ends it`, async () => {
      let steps = 0;
      for (let cut = true; cut; steps += 1) {
        const { vault, kept, tenant } = await filled();
        const dying = await open(dyingVault(vault, steps + 1, after), 1);
        cut = await dying.keyring.rotateTenant(tenant).then(() => false, () => true);
        const next = await open(vault, 1);
        for (const each of kept) expect(await opens(next, each), String(steps)).to.equal(true);
        const { version } = await next.keyring.rotateTenant(tenant);
        for (const { wrappedBy } of await vault.list('subject', tenant)) expect(wrappedBy).to.equal(version);
        for (const each of kept) expect(await opens(await open(vault, 1), each), String(steps)).to.equal(true);
      }
      expect(steps).to.be.greaterThan(3);
    });
  }

  it('and given another new key instead is refused, in one line', async () => {
    const { vault } = await filled();
    const dying = await open(dyingVault(vault, 2, false), 1);
    await dying.keyring.rotateMaster(master(2)).catch(() => undefined);
    for (const [n, previous] of [[3, 1], [3, undefined], [2, undefined]] as const) {
      const failure = String(await open(vault, n, previous).catch((error: unknown) => error));
      expect(failure, `${n} ${previous}`).to.match(/^WrongMasterKey: MASTER_KEY.*accepted is .+$/u);
    }
    expect((await open(vault, 2, 1)).keyring.finished).to.deep.include({ version: 2 });
  });

  it('never begins when nothing is given but one key', async () => {
    const { vault } = await filled();
    expect((await open(vault, 1)).keyring.finished).to.equal(undefined);
    expect((await open(vault, 2, 1)).keyring.finished).to.deep.include({ version: 2 });
    expect((await open(vault, 2, 1)).keyring.finished, 'the one before may still be given').to.equal(undefined);
  });
});
