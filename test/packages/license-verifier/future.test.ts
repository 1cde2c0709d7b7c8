/** What the vendor signed while its clock was ahead: refused, nothing of it remembered, and all is well with the next that is right. */
import { expect } from 'chai';
import { createLicenseVerifier, type VerifierOptions } from '../../../packages/license-verifier/src/index.ts';
import { at, AUDIENCE, bundle, DAY, keySet, LICENSE_KEY, license, makeKey, sha256, SOLD } from './vendor.ts';

const key = makeKey('Ed25519');
const REVOKED = sha256(LICENSE_KEY);
const TEN_YEARS = 3_652 * DAY;

const setup = (options: Partial<VerifierOptions> = {}) => {
  const device = { now: SOLD + DAY };
  const texts = new Map<string, string>();
  const storage = { get: (name: string) => texts.get(name), set: (name: string, text: string) => void texts.set(name, text) };
  const open = () => createLicenseVerifier({ keys: keySet(key), audience: AUDIENCE, storage, clock: () => device.now * 1_000, ...options });
  return { device, open, texts, verifier: open() };
};

describe('license verifier: tokens of the future', () => {
  it('a list is refused, whether complete or not, and nothing of it is remembered', async () => {
    const { verifier, open } = setup();
    const before = await verifier.exportState();
    for (const more of [false, true]) {
      const ahead = bundle(key, { iat: SOLD + DAY + TEN_YEARS, more, revoked: [REVOKED] });
      expect(await verifier.sync(ahead)).to.deep.equal({ ok: false, reason: 'issued_in_future', position: '0', more: false });
    }
    expect(await verifier.exportState()).to.equal(before);
    for (const one of [verifier, open()]) expect(await one.verify(license(key))).to.include({ reason: 'valid' }).and.not.have.property('revocationsAsOf');
  });

  it('the next correct list repairs it, and its age counts', async () => {
    const { verifier, device } = setup({ maxRevocationAgeSeconds: 7 * DAY });
    await verifier.sync(bundle(key, { iat: SOLD + DAY + TEN_YEARS }));
    expect((await verifier.verify(license(key))).reason).to.equal('revocations_stale');
    expect((await verifier.sync(bundle(key, { iat: SOLD + DAY }))).reason).to.equal('applied');
    expect((await verifier.verify(license(key))).reason).to.equal('valid');
    device.now += 8 * DAY;
    expect((await verifier.verify(license(key))).reason, 'a list of the future makes none younger').to.equal('revocations_stale');
    expect((await verifier.sync(bundle(key, { iat: device.now, from: at(100), to: at(200), revoked: [REVOKED] }))).reason).to.equal('applied');
    expect((await verifier.verify(license(key))).reason).to.equal('revoked');
  });

  it('a licence is refused, and spoils no other', async () => {
    const { verifier, open } = setup();
    const ahead = license(key, { iat: SOLD + DAY + TEN_YEARS, nbf: SOLD, exp: SOLD + 2 * TEN_YEARS });
    expect(await verifier.verify(ahead)).to.include({ valid: false, reason: 'issued_in_future', licenseKey: LICENSE_KEY });
    for (const one of [verifier, open()]) expect((await one.verify(license(key))).reason).to.equal('valid');
  });

  it('the tolerance is that of the clock, to the second', async () => {
    const { verifier, device } = setup({ clockToleranceSeconds: 60 });
    for (const [ahead, reason] of [[61, 'issued_in_future'], [60, 'valid']] as const) {
      const iat = device.now + ahead;
      expect((await verifier.verify(license(key, { iat }))).reason).to.equal(reason);
      expect((await verifier.sync(bundle(key, { iat }))).reason).to.equal(reason === 'valid' ? 'applied' : reason);
    }
  });

  it('without a clock that tells the time no list is taken, however old', async () => {
    for (const now of [NaN, -Infinity, 0]) {
      const { verifier, device } = setup();
      device.now = now;
      expect((await verifier.sync(bundle(key))).reason, String(now)).to.equal('issued_in_future');
    }
  });

  it('a clock of the device that was ahead too is forgiven; what was signed meanwhile stays a proof', async () => {
    const { verifier, device, open } = setup();
    device.now += TEN_YEARS;
    expect((await verifier.verify(license(key))).reason).to.equal('expired');
    device.now -= TEN_YEARS;
    expect((await verifier.verify(license(key))).reason).to.equal('clock_rolled_back');
    expect((await verifier.sync(bundle(key, { revoked: [sha256('x')] }))).reason, 'lists go on being taken').to.equal('applied');
    await verifier.forgetSeenTime();
    for (const one of [verifier, open()]) expect((await one.verify(license(key))).reason).to.equal('valid');
  });

  it('an export with a list of the future is not taken over', async () => {
    const there = setup();
    there.device.now += TEN_YEARS;
    expect((await there.verifier.sync(bundle(key, { iat: there.device.now }))).reason).to.equal('applied');
    const { verifier, device } = setup();
    expect(await verifier.importState(await there.verifier.exportState())).to.equal('issued_in_future');
    expect((await verifier.verify(license(key))).reason).to.equal('valid');
    device.now = NaN;
    expect(await verifier.importState(await there.verifier.exportState())).to.equal('issued_in_future');
  });

  it('a clock beyond all numbers tells no time, and leaves a state that can be read', async () => {
    for (const now of [Infinity, 1e300, Number.MAX_SAFE_INTEGER]) {
      const { verifier, device, open } = setup();
      device.now = now;
      expect((await verifier.verify(license(key))).reason, String(now)).to.equal('clock_rolled_back');
      device.now = SOLD + DAY;
      for (const one of [verifier, open()]) expect((await one.verify(license(key))).reason).to.equal('valid');
    }
  });
});
