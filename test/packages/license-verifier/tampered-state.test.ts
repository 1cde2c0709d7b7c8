/** One part of the stored state taken away, put back as it was, or left behind by a crash: it shows, or gains nothing. */
import { expect } from 'chai';
import { createLicenseVerifier, type LicenseStorage } from '../../../packages/license-verifier/src/index.ts';
import { at, AUDIENCE, bundle, DAY, keySet, LICENSE_KEY, license, makeKey, sha256, SOLD } from './vendor.ts';

const key = makeKey('Ed25519');
const LATE = SOLD + 400 * DAY;
const REVOKED = sha256(LICENSE_KEY);

type Texts = Map<string, string>;

const storageOf = (texts: Texts): LicenseStorage => ({ get: (name) => texts.get(name), set: (name, text) => void texts.set(name, text) });
const open = (storage: LicenseStorage, seconds: number) => createLicenseVerifier({ keys: keySet(key), audience: AUDIENCE, storage, clock: () => seconds * 1_000 });
const reasonAt = async (texts: Texts, seconds: number): Promise<string> => (await open(storageOf(texts), seconds).verify(license(key))).reason;

/** What the storage held after each of: two licences checked, a list, a day later, another list (which revokes), and the licence expired. */
const history = async (revoked: readonly string[] = []): Promise<readonly Texts[]> => {
  const texts: Texts = new Map();
  const copies: Texts[] = [];
  const copy = () => copies.push(new Map(texts));
  await reasonAt(texts, SOLD);
  copy();
  await open(storageOf(texts), SOLD + DAY).sync(bundle(key));
  copy();
  await reasonAt(texts, SOLD + 2 * DAY);
  copy();
  await open(storageOf(texts), SOLD + 3 * DAY).sync(bundle(key, { iat: SOLD + 3 * DAY, from: at(100), to: at(200), revoked }));
  copy();
  await reasonAt(texts, LATE - 60);
  copy();
  await reasonAt(texts, LATE);
  copy();
  return copies;
};

const latest = (copies: readonly Texts[]): Texts => copies.at(-1) as Texts;

describe('license verifier: a state of which a part is put back', () => {
  it('keeps what has expired expired, whichever part is taken away or put back, from whatever time', async () => {
    const copies = await history();
    const last = latest(copies);
    expect(await reasonAt(new Map(last), LATE)).to.equal('expired');
    expect(await reasonAt(new Map(last), SOLD + DAY)).to.equal('clock_rolled_back');
    const names = [...last.keys()];
    expect(names.length).to.be.greaterThan(1);
    for (const name of names) {
      const less = new Map(last);
      less.delete(name);
      expect(await reasonAt(less, SOLD + DAY), `without ${name}`).to.equal('state_unreadable');
      for (const [index, older] of copies.slice(0, -1).entries()) {
        const mixed = new Map([...last, [name, older.get(name) ?? '']]);
        // What was written just before is what a crash between two writes leaves: the newer part says all that counts.
        const left = index === copies.length - 2 && name.endsWith('/seal');
        expect(await reasonAt(mixed, SOLD + DAY), `${name} of ${index}`).to.equal(left ? 'clock_rolled_back' : 'state_unreadable');
      }
    }
  });

  it('keeps what was revoked revoked', async () => {
    const copies = await history([REVOKED]);
    const last = latest(copies);
    expect(await reasonAt(new Map(last), SOLD + DAY)).to.equal('revoked');
    for (const name of last.keys()) {
      for (const older of copies.slice(0, -1)) expect(await reasonAt(new Map([...last, [name, older.get(name) ?? '']]), SOLD + DAY)).to.be.oneOf(['state_unreadable', 'revoked']);
    }
  });

  it('shows parts of two histories that are as long as each other', async () => {
    const [one, other] = [latest(await history()), latest(await history([REVOKED]))];
    for (const name of one.keys()) expect(await reasonAt(new Map([...one, [name, other.get(name) ?? '']]), LATE)).to.equal('state_unreadable');
  });

  it('shows an entry that is taken off the list in the storage', async () => {
    const last = latest(await history([REVOKED]));
    for (const [name, text] of last) {
      if (text.includes(REVOKED)) expect(await reasonAt(new Map([...last, [name, text.replace(`"${REVOKED}"`, '')]]), LATE)).to.equal('state_unreadable');
    }
    expect([...last.values()].join('')).to.include(REVOKED);
  });
});

/** A storage that fails for ever from the given write on: the device has lost its power. */
const failingAt = (texts: Texts, write: number): LicenseStorage => {
  let writes = 0;
  return {
    get: (name) => texts.get(name),
    set: (name, text) => {
      writes += 1;
      if (writes >= write) throw new Error('no power');
      texts.set(name, text);
    },
  };
};

describe('license verifier: a crash between two writes', () => {
  it('leaves a state that is read, at every write, also twice in a row; and forgets nothing that was answered', async () => {
    for (const write of [1, 2, 3, 4, 5]) {
      const texts: Texts = new Map();
      for (const crash of [0, 1]) {
        const verifier = open(failingAt(texts, write), SOLD + (5 + crash) * DAY);
        const said = await verifier.verify(license(key)).then(({ reason }) => reason, (error: Error) => error.message);
        const synced = await verifier.sync(bundle(key, { from: '0', to: at(100 + crash), revoked: [REVOKED] })).then(({ reason }) => reason, (error: Error) => error.message);
        expect(said).to.be.oneOf(['valid', 'revoked', 'no power']);
        expect(synced).to.be.oneOf(['applied', 'already_applied', 'no power']);
        const after = await reasonAt(new Map(texts), SOLD + (5 + crash) * DAY);
        expect(after, `write ${write}`).to.be.oneOf(synced === 'no power' ? ['valid', 'revoked'] : ['revoked']);
      }
      expect((await open(storageOf(texts), SOLD + 7 * DAY).sync(bundle(key, { to: at(102), revoked: [REVOKED] }))).reason).to.equal('applied');
      expect(await reasonAt(texts, SOLD + 7 * DAY)).to.equal('revoked');
    }
  });

  it('in this run is mended by the next write', async () => {
    const texts: Texts = new Map();
    let failing = 'none';
    const set: LicenseStorage['set'] = (name, text) => {
      if (name.endsWith(failing)) throw new Error('full');
      texts.set(name, text);
    };
    const verifier = open({ get: (name) => texts.get(name), set }, SOLD + DAY);
    await verifier.verify(license(key));
    failing = '/seal';
    expect(await verifier.sync(bundle(key, { revoked: [REVOKED] })).then(() => '', (error: Error) => error.message)).to.equal('full');
    failing = 'none';
    expect((await verifier.sync(bundle(key))).reason).to.equal('applied');
    expect(await reasonAt(texts, SOLD + DAY)).to.equal('valid');
  });
});

describe('license verifier: two verifiers on one storage', () => {
  it('take over what the other wrote before they write: no list is lost', async () => {
    const texts: Texts = new Map();
    let now = SOLD + DAY;
    const two = [0, 1].map(() => createLicenseVerifier({ keys: keySet(key), audience: AUDIENCE, storage: storageOf(texts), clock: () => now * 1_000 }));
    for (const verifier of two) expect((await verifier.verify(license(key))).reason).to.equal('valid');
    await two[0]?.sync(bundle(key, { revoked: [REVOKED] }));
    now += 3_600;
    await two[1]?.verify(license(key));
    expect((await two[1]?.verify(license(key)))?.reason).to.equal('revoked');
    expect(await reasonAt(texts, now)).to.equal('revoked');
  });
});
