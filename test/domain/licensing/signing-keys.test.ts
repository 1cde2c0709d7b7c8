import type { LicenceSigningAlgorithm, LicenceSigningKeyAdded } from '../../../domain/licensing/signing-keys.events.ts';
import { licenceSigningKeys, MOST_SIGNING_KEYS, signingKeyOf, type AddLicenceSigningKeys } from '../../../domain/licensing/signing-keys.ts';
import { expect } from 'chai';
import { specification } from '../../support/specification.ts';

const { given } = specification(licenceSigningKeys);

const key = (name: string, algorithm: LicenceSigningAlgorithm = 'ML-DSA-65'): LicenceSigningKeyAdded['data'] => ({
  algorithm, kid: `kid-${name}-${algorithm}`, publicKey: `public-${name}`, seed: { tenantKey: 1, box: `box-${name}` }, commandId: `command-${name}`, addedAt: '2026-11-22T06:00:00.000Z',
});
const added = (...given_: Parameters<typeof key>): LicenceSigningKeyAdded => ({ type: 'LicenceSigningKeyAdded', data: key(...given_) });
const add = (keys: readonly LicenceSigningKeyAdded['data'][], more: object = {}): AddLicenceSigningKeys => ({ type: 'AddLicenceSigningKeys', data: { keys, ...more } });
const ifAbsent = { ifAbsent: true };

describe('domain: licence-signing keys', () => {
  it('begin with the first that is needed', () => given().when(add([key('1')], ifAbsent)).then(added('1')));
  it('are there for whoever needs one and was not the first', () => given(added('1')).when(add([key('2')], ifAbsent)).nothing());
  it('are made for each algorithm by itself', () => given(added('1')).when(add([key('2', 'Ed25519')], ifAbsent)).then(added('2', 'Ed25519')));
  it('are replaced, both at once', () => given(added('1')).when(add([key('2'), key('2', 'Ed25519')])).then(added('2'), added('2', 'Ed25519')));
  it('are replaced by the same command once', () => given(added('1')).twice(add([key('2'), key('2', 'Ed25519')])));
  it('are completed when the same command asks for more', () => given(added('2')).when(add([key('2'), key('2', 'Ed25519')])).then(added('2', 'Ed25519')));

  const full = Array.from({ length: MOST_SIGNING_KEYS }, (_, index) => added(String(index)));
  it('are bounded in number, since all of them stay published', () => given(...full).when(add([key('more')])).rejected('licensing.too_many_signing_keys', { limit: MOST_SIGNING_KEYS }));
  it('are still found when there are as many as there may be', () => given(...full).when(add([key('more')], ifAbsent)).nothing());

  it('sign by the newest of the algorithm', () => {
    const state = [added('1'), added('2'), added('3', 'Ed25519')].reduce(licenceSigningKeys.evolve, licenceSigningKeys.initialState);
    expect(signingKeyOf(state, 'ML-DSA-65')?.kid).to.equal('kid-2-ML-DSA-65');
    expect(signingKeyOf(state, 'Ed25519')?.kid).to.equal('kid-3-Ed25519');
    expect(signingKeyOf(licenceSigningKeys.initialState, 'Ed25519')).to.equal(undefined);
  });
});
