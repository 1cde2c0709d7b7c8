/** Clocks that are set back, and what is kept between runs: written when it changes, read strictly, carried over by exports. */
import { expect } from 'chai';
import { createLicenseVerifier, type LicenseStorage, type VerifierOptions } from '../../../packages/license-verifier/src/index.ts';
import { seeded } from '../../support/seeded.ts';
import { at, AUDIENCE, bundle, DAY, keySet, LICENSE_KEY, license, makeKey, sha256, SOLD } from './vendor.ts';

const key = makeKey('Ed25519');
const REVOKED = sha256(LICENSE_KEY);
const END = SOLD + 365 * DAY;
const [STATE, SEAL] = ['state', 'seal'].map((name) => `license-verifier/${AUDIENCE}/${name}`) as [string, string];

const createStorage = () => {
  const texts = new Map<string, string>();
  const written: string[] = [];
  const storage: LicenseStorage = {
    get: async (name) => texts.get(name) ?? null,
    set: async (name, text) => {
      written.push(name.split('/').at(-1) ?? '');
      texts.set(name, text);
    },
  };
  return { storage, texts, written };
};

/** A verifier whose clock is set by hand. */
const at0 = (seconds: number, options: Partial<VerifierOptions> = {}) => {
  let now = seconds;
  const verifier = createLicenseVerifier({ keys: keySet(key), audience: AUDIENCE, clock: () => now * 1_000, ...options });
  return {
    verifier,
    reasonAt: async (seconds_: number, token: string = license(key)) => {
      now = seconds_;
      return (await verifier.verify(token)).reason;
    },
  };
};

describe('license verifier: the clock', () => {
  it('is not believed when it is set back, in this run and after a restart', async () => {
    const { storage } = createStorage();
    const first = at0(END + 20 * DAY, { storage });
    expect(await first.reasonAt(END + 20 * DAY)).to.equal('expired');
    expect(await first.reasonAt(SOLD + DAY)).to.equal('clock_rolled_back');
    expect(await at0(SOLD + DAY, { storage }).reasonAt(SOLD + DAY)).to.equal('clock_rolled_back');
    expect(await at0(0, { storage }).reasonAt(END + 20 * DAY)).to.equal('expired');
  });

  it('may be a little behind, which gains nothing: the later time decides', async () => {
    const { reasonAt } = at0(END, { clockToleranceSeconds: 600 });
    expect(await reasonAt(END + 14 * DAY)).to.equal('expired');
    expect(await reasonAt(END + 14 * DAY - 600)).to.equal('expired');
    expect(await reasonAt(END + 14 * DAY - 601)).to.equal('clock_rolled_back');
  });

  it('is measured against what the vendor has signed, as far as it could be true then', async () => {
    const { verifier, reasonAt } = at0(SOLD + 30 * DAY);
    await verifier.sync(bundle(key, { iat: SOLD + 30 * DAY + 300, more: true }));
    expect(await reasonAt(SOLD + 30 * DAY - 1)).to.equal('clock_rolled_back');
    expect(await reasonAt(SOLD + 30 * DAY)).to.equal('valid');
    const sold = at0(0);
    expect(await sold.reasonAt(SOLD - 300)).to.equal('valid');
    expect(await sold.reasonAt(SOLD - 301, license(key, { iat: SOLD - DAY, nbf: SOLD - DAY }))).to.equal('clock_rolled_back');
  });

  it('that tells no time is refused', async () => {
    expect(await at0(0).reasonAt(NaN)).to.equal('clock_rolled_back');
    expect(await at0(0).reasonAt(-Infinity)).to.equal('clock_rolled_back');
  });

  it('is not moved on by what is not the vendor\'s', async () => {
    const { reasonAt } = at0(0);
    expect(await reasonAt(SOLD, license(makeKey('Ed25519'), { iat: END }))).to.equal('bad_signature');
    expect(await reasonAt(SOLD, license(key, { iat: END, aud: 'another' }))).to.equal('wrong_audience');
    expect(await reasonAt(END + 20 * DAY, license(makeKey('Ed25519')))).to.equal('bad_signature');
    expect(await reasonAt(SOLD)).to.equal('valid');
  });

  it('that was wrong for a while can be forgiven by the caller; what was proved stays', async () => {
    const { storage } = createStorage();
    const { verifier, reasonAt } = at0(SOLD + 30 * DAY, { storage });
    await verifier.sync(bundle(key, { iat: SOLD + 30 * DAY }));
    expect(await reasonAt(END + 9_999 * DAY)).to.equal('expired');
    expect(await reasonAt(SOLD + 31 * DAY)).to.equal('clock_rolled_back');
    await verifier.forgetSeenTime();
    expect(await reasonAt(SOLD + 31 * DAY)).to.equal('valid');
    expect(await at0(0, { storage }).reasonAt(SOLD + 29 * DAY)).to.equal('clock_rolled_back');
  });
});

/** What is right, in seconds. */
const expected = ({ now, highest, end, iat }: Readonly<Record<'now' | 'highest' | 'end' | 'iat', number>>): string => {
  if (now < highest - 300) return 'clock_rolled_back';
  if (iat > now + 300) return 'issued_in_future';
  return highest >= end ? 'expired' : 'valid';
};

/** The highest time afterwards: the clock's, and a time of issue where both clocks can be right. */
const remembered = ({ now, highest, iat }: Readonly<Record<'now' | 'highest' | 'iat', number>>): number =>
  Math.max(highest, now, iat <= now + 300 && now >= highest - 300 ? iat : 0);

describe('license verifier: whatever the clock does', () => {
  it('accepts nothing that has ended by any time that was seen, over 1,000 jumps and restarts (seeded)', async () => {
    const random = seeded(20_261_122);
    const { storage } = createStorage();
    const JUMPS = [1, 60, 299, 301, 3_600, DAY, 30 * DAY, 365 * DAY, 3_650 * DAY];
    let now = SOLD;
    let highest = 0;
    let verifier = createLicenseVerifier({ keys: keySet(key), audience: AUDIENCE, storage, clock: () => now * 1_000 });
    const seen: Record<string, number> = {};
    for (let step = 0; step < 1_000; step += 1) {
      now = Math.max(0, (random.chance(0.6) ? highest : now) + random.pick(JUMPS) * random.pick([1, 1, -1]));
      // A crash forgets a minute at most: this restart comes after a time that was written.
      if (random.chance(0.1)) {
        await verifier.importState(await verifier.exportState());
        verifier = createLicenseVerifier({ keys: keySet(key), audience: AUDIENCE, storage, clock: () => now * 1_000 });
      }
      const iat = Math.max(0, Math.max(highest, now) + random.pick([-400 * DAY, -30 * DAY, -10 * DAY, -DAY, 0, 200, DAY]));
      const exp = iat + random.below(60) * DAY;
      const grace = random.below(15) * DAY;
      const { reason, inGrace } = await verifier.verify(license(key, { iat, nbf: iat, exp, grace }));
      highest = remembered({ now, highest, iat });
      const judged = expected({ now, highest, end: exp + grace, iat });
      expect(reason, `step ${step}`).to.equal(judged);
      expect(inGrace, `step ${step}`).to.equal(judged === 'valid' && highest >= exp);
      seen[judged] = (seen[judged] ?? 0) + 1;
    }
    // It has to have come across each of them.
    for (const judged of ['clock_rolled_back', 'issued_in_future', 'expired', 'valid']) expect(seen[judged], judged).to.be.greaterThan(20);
  });
});

describe('license verifier: what is kept', () => {
  it('is there again after a restart', async () => {
    const { storage } = createStorage();
    await at0(SOLD + DAY, { storage }).verifier.sync(bundle(key, { revoked: [REVOKED] }));
    const again = at0(SOLD + DAY, { storage });
    expect(await again.reasonAt(SOLD + DAY)).to.equal('revoked');
    expect((await again.verifier.sync(bundle(key, { from: at(101), to: at(102) }))).reason).to.equal('bundle_gap');
  });

  it('is written when it changes, the time at most once a minute', async () => {
    const { storage, written } = createStorage();
    const { verifier, reasonAt } = at0(SOLD, { storage });
    for (const seconds of [0, 1, 30, 59, 60, 61, 100, 120]) expect(await reasonAt(SOLD + seconds)).to.equal('valid');
    expect(written).to.deep.equal(['state', 'seal', 'state', 'seal', 'state', 'seal']);
    await verifier.sync(bundle(key, { iat: SOLD }));
    await verifier.sync(bundle(key, { iat: SOLD }));
    expect(written.slice(6)).to.deep.equal(['state', 'seal']);
  });

  it('is written less often the longer the list is', async () => {
    const { storage, written } = createStorage();
    const { verifier, reasonAt } = at0(SOLD, { storage });
    await verifier.sync(bundle(key, { iat: SOLD, revoked: Array.from({ length: 5_000 }, (_, index) => sha256(`key ${index}`)) }));
    written.length = 0;
    for (const seconds of [60, 299, 300, 599, 600]) expect(await reasonAt(SOLD + seconds)).to.equal('valid');
    expect(written).to.deep.equal(['state', 'seal', 'state', 'seal']);
  });

  it('is refused when it is not what was written, whichever part', async () => {
    const broken = ['', 'x', '[]', 'null', '{}', '{"v":1}', JSON.stringify({ v: 1, audience: 'another', position: at(1), asOf: null, revoked: [], highest: 1, before: null })];
    const others: readonly unknown[] = [7, false, {}, new Uint8Array(2)];
    for (const name of [STATE, SEAL]) {
      for (const text of [...broken, ...others]) {
        const { storage, texts } = createStorage();
        await at0(SOLD, { storage }).reasonAt(SOLD);
        texts.set(name, text as string);
        const { verifier, reasonAt } = at0(SOLD, { storage });
        expect(await reasonAt(SOLD), `${name} ${String(text)}`).to.equal('state_unreadable');
        expect(await verifier.sync(bundle(key, { iat: SOLD }))).to.deep.equal({ ok: false, reason: 'state_unreadable', position: undefined, more: false });
      }
    }
  });

  it('goes over to another place by export and import, which take nothing back', async () => {
    const one = at0(SOLD + DAY);
    await one.verifier.sync(bundle(key, { revoked: [REVOKED] }));
    const exported = await one.verifier.exportState();
    const { storage, texts } = createStorage();
    const other = at0(SOLD + DAY, { storage });
    expect(await other.verifier.importState(exported)).to.equal('imported');
    expect(await other.reasonAt(SOLD + DAY)).to.equal('revoked');
    await other.verifier.sync(bundle(key, { from: at(100), to: at(200) }));
    expect(await other.verifier.importState(exported)).to.equal('older');
    expect(await other.verifier.importState('{}')).to.equal('malformed');
    expect(await other.verifier.importState(exported.replace(AUDIENCE, 'another'))).to.equal('wrong_audience');
    expect(await other.verifier.importState((await other.verifier.exportState()).replace(REVOKED, sha256('x')))).to.equal('imported');
    expect(await other.reasonAt(SOLD + DAY), 'an import adds').to.equal('revoked');

    texts.set(SEAL, 'x');
    const third = at0(SOLD + DAY, { storage });
    expect(await third.reasonAt(SOLD + DAY)).to.equal('state_unreadable');
    expect(await third.verifier.importState(exported)).to.equal('imported');
    expect(await third.reasonAt(SOLD + DAY)).to.equal('revoked');
  });

  it('counts only once it is written: a storage that fails is heard of, and the list is not applied', async () => {
    const { storage } = createStorage();
    let failing = true;
    const flaky: LicenseStorage = { get: (name) => storage.get(name), set: async (name, text) => (failing ? Promise.reject(new Error('disk full')) : storage.set(name, text)) };
    const { verifier } = at0(SOLD, { storage: flaky });
    const token = bundle(key, { iat: SOLD, revoked: [REVOKED] });
    const failed = await verifier.sync(token).then(() => undefined, (error: unknown) => error);
    expect(failed).to.be.instanceOf(Error).with.property('message', 'disk full');
    failing = false;
    expect((await verifier.sync(token)).reason).to.equal('applied');
    expect((await verifier.verify(license(key))).reason).to.equal('revoked');
  });
});
