/** Revocation lists: applied in order, gaps and older ones refused, forged ones without effect; and what a state that is old is worth. */
import { expect } from 'chai';
import { createLicenseVerifier, type VerifierOptions } from '../../../packages/license-verifier/src/index.ts';
import { ALGORITHMS, at, AUDIENCE, base64url, bundle, bundleClaims, DAY, headerOf, keySet, LICENSE_KEY, license, makeKey, sha256, signTexts, SOLD } from './vendor.ts';

const keys = { 'ML-DSA-65': makeKey('ML-DSA-65'), Ed25519: makeKey('Ed25519') };
const { Ed25519: key } = keys;
const REVOKED = sha256(LICENSE_KEY);
const OTHER = sha256('QCOS-0000-0000-0000-0000-0000-0000-0000-0000');

const verifierWith = (options: Partial<VerifierOptions> = {}) =>
  createLicenseVerifier({ keys: keySet(keys['ML-DSA-65'], key), audience: AUDIENCE, clock: () => (SOLD + 2 * DAY) * 1_000, ...options });

describe('license verifier: revocations', () => {
  for (const algorithm of ALGORITHMS) {
    it(`refuses a licence once its revocation, signed with ${algorithm}, is applied`, async () => {
      const verifier = verifierWith();
      const token = license(keys[algorithm]);
      expect((await verifier.verify(token)).reason).to.equal('valid');
      expect(await verifier.sync(bundle(keys[algorithm], { revoked: [OTHER] }))).to.deep.equal({ ok: true, reason: 'applied', position: at(100), more: false });
      expect(await verifier.verify(token)).to.include({ reason: 'valid', revocationsAsOf: new Date((SOLD + DAY) * 1_000).toISOString() });
      await verifier.sync(bundle(keys[algorithm], { from: at(100), to: at(200), revoked: [REVOKED] }));
      expect(await verifier.verify(token)).to.include({ valid: false, reason: 'revoked' });
    });
  }

  it('says revoked before all that the clock could say', async () => {
    for (const wrong of [0, NaN, (SOLD + 9_999 * DAY) * 1_000]) {
      let now = (SOLD + DAY) * 1_000;
      const verifier = verifierWith({ clock: () => now, maxRevocationAgeSeconds: 1 });
      await verifier.sync(bundle(key, { revoked: [REVOKED] }));
      now = wrong;
      expect((await verifier.verify(license(key))).reason).to.equal('revoked');
    }
  });

  it('notices a gap, and is whole again with what closes it', async () => {
    const verifier = verifierWith();
    await verifier.sync(bundle(key, { to: at(100) }));
    expect(await verifier.sync(bundle(key, { from: at(150), to: at(200), revoked: [REVOKED] }))).to.deep.equal({ ok: false, reason: 'bundle_gap', position: at(100), more: false });
    expect((await verifier.verify(license(key))).reason).to.equal('valid');
    expect((await verifier.sync(bundle(key, { from: at(100), to: at(150) }))).reason).to.equal('applied');
    expect((await verifier.sync(bundle(key, { from: at(150), to: at(200), revoked: [REVOKED] }))).reason).to.equal('applied');
    expect((await verifier.verify(license(key))).reason).to.equal('revoked');
    expect((await verifierWith().sync(bundle(key, { from: at(1), to: at(2) }))).reason, 'the first one begins at the beginning').to.equal('bundle_gap');
  });

  it('takes lists that overlap, and refuses one that ends before what is known', async () => {
    const verifier = verifierWith();
    await verifier.sync(bundle(key, { to: at(200), revoked: [REVOKED] }));
    expect(await verifier.sync(bundle(key, { to: at(100) }))).to.include({ ok: false, reason: 'bundle_rollback', position: at(200) });
    expect((await verifier.verify(license(key))).reason).to.equal('revoked');
    expect((await verifier.sync(bundle(key, { from: at(100), to: at(300), revoked: [OTHER] }))).reason).to.equal('applied');
    expect((await verifier.verify(license(key))).reason, 'nothing is ever taken off').to.equal('revoked');
  });

  it('learns nothing from the same list again, and from a later one without news that it is up to date', async () => {
    const verifier = verifierWith();
    const first = bundle(key);
    await verifier.sync(first);
    expect(await verifier.sync(first)).to.include({ ok: true, reason: 'already_applied', position: at(100) });
    expect((await verifier.sync(bundle(key, { from: at(100), iat: SOLD + 1 }))).reason, 'an older answer').to.equal('already_applied');
    expect((await verifier.verify(license(key))).revocationsAsOf).to.equal(new Date((SOLD + DAY) * 1_000).toISOString());
    expect((await verifier.sync(bundle(key, { from: at(100), iat: SOLD + DAY + 60 }))).reason).to.equal('applied');
    expect((await verifier.verify(license(key))).revocationsAsOf).to.equal(new Date((SOLD + DAY + 60) * 1_000).toISOString());
  });

  it('does not count as complete while there is more', async () => {
    const verifier = verifierWith({ maxRevocationAgeSeconds: 7 * DAY });
    expect(await verifier.sync(bundle(key, { to: at(50), more: true }))).to.include({ ok: true, more: true });
    expect((await verifier.verify(license(key))).reason).to.equal('revocations_stale');
    await verifier.sync(bundle(key, { from: at(50) }));
    expect((await verifier.verify(license(key))).reason).to.equal('valid');
  });

  it('asks for a list that is not older than the caller allows', async () => {
    let now = SOLD + DAY;
    const verifier = verifierWith({ maxRevocationAgeSeconds: 7 * DAY, clock: () => now * 1_000 });
    expect((await verifier.verify(license(key))).reason).to.equal('revocations_stale');
    await verifier.sync(bundle(key));
    now = SOLD + 8 * DAY;
    expect((await verifier.verify(license(key))).reason).to.equal('valid');
    now += 1;
    expect((await verifier.verify(license(key))).reason).to.equal('revocations_stale');
  });

  it('does nothing on lists that are not the vendor\'s', async () => {
    const verifier = verifierWith({ issuer: 'https://locks.example' });
    const [header, payload, signature] = bundle(key, { revoked: [REVOKED] }).split('.');
    const tokens: Readonly<Record<string, string>> = {
      bad_signature: `${header}.${base64url(JSON.stringify(bundleClaims({ revoked: [OTHER] })))}.${signature}`,
      unknown_key: bundle(makeKey('Ed25519', 'theirs'), { revoked: [REVOKED] }),
      wrong_audience: bundle(key, { aud: 'another', revoked: [REVOKED] }),
      wrong_issuer: bundle(key, { iss: 'https://evil.example', revoked: [REVOKED] }),
      wrong_type: license(key),
      header_not_allowed: signTexts(key, JSON.stringify({ ...headerOf(key, 'qlk-revocations+jwt'), jku: 'https://evil.example' }), JSON.stringify(bundleClaims())),
      malformed: `${header}.${payload}`,
    };
    for (const [reason, token] of Object.entries(tokens)) expect(await verifier.sync(token)).to.deep.equal({ ok: false, reason, position: '0', more: false });
    expect((await verifier.verify(license(key))).reason).to.equal('valid');
  });

  it('refuses signed lists that make no sense', async () => {
    const broken = [{ from: 0 }, { from: at(200) }, { to: null }, { to: 'a b' }, { iat: -1 }, { iat: '1' }, { more: 1 }, { more: undefined }, { revoked: {} }, { revoked: ['short'] }, { revoked: [LICENSE_KEY] }, { revoked: [7] }];
    for (const changes of broken) expect((await verifierWith().sync(bundle(key, changes))).reason, JSON.stringify(changes)).to.equal('claims_invalid');
  });

  it('holds a hundred thousand revocations in pieces, given at once', async () => {
    const verifier = verifierWith();
    const hashes = Array.from({ length: 100_000 }, (_, index) => sha256(`key ${index}`));
    hashes[99_999] = REVOKED;
    const pieces = Array.from({ length: 20 }, (_, index) => bundle(key, {
      from: index === 0 ? '0' : at(5_000 * index), to: at(5_000 * (index + 1)), more: index < 19, revoked: hashes.slice(5_000 * index, 5_000 * (index + 1)),
    }));
    const results = await Promise.all(pieces.map((piece) => verifier.sync(piece)));
    expect(results.map(({ reason }) => reason)).to.deep.equal(Array.from({ length: 20 }, () => 'applied'));
    expect((await verifier.verify(license(key))).reason).to.equal('revoked');
  });
});
