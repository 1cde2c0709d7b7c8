import { expect } from 'chai';
import { INSTALLATION } from '../../../domain/kernel/ids.ts';
import type { LicenceSigningKeyAdded } from '../../../domain/licensing/signing-keys.events.ts';
import { publishedKeysProjection } from '../../../projections/keys/published-keys.ts';
import { licensingSigningKeys } from '../../../projections/licensing/signing-keys.ts';

const event: LicenceSigningKeyAdded = {
  type: 'LicenceSigningKeyAdded',
  data: { algorithm: 'ML-DSA-65', kid: 'kid-1', publicKey: 'pub-1', seed: { tenantKey: 1, box: 'canary' }, commandId: 'c-1', addedAt: '2026-11-22T06:00:00.000Z' },
};
const recorded = { ...event, position: '00000000000000000007', stream: 'licensing.signingkeys-t-keys' } as never;

describe('projection licensing_signing_keys', () => {
  it('lists a key, and nothing of its seed; twice is the same', () => {
    const listed = licensingSigningKeys.on.LicenceSigningKeyAdded(undefined, recorded);
    expect(listed).to.deep.equal({ algorithm: 'ML-DSA-65', kid: 'kid-1', publicKey: 'pub-1', addedAt: '2026-11-22T06:00:00.000Z', position: '00000000000000000007' });
    expect(licensingSigningKeys.on.LicenceSigningKeyAdded(listed, recorded)).to.deep.equal(listed);
    expect(licensingSigningKeys.id(recorded)).to.equal('kid-1');
  });

  it('is published for licences, under the installation, and names no tenant', () => {
    const published = publishedKeysProjection.on.LicenceSigningKeyAdded(undefined, recorded);
    expect(published).to.deep.equal({ jwk: { kty: 'AKP', alg: 'ML-DSA-65', pub: 'pub-1', kid: 'kid-1', use: 'sig', purpose: 'licence' } });
    expect(publishedKeysProjection.tenant?.(recorded)).to.equal(INSTALLATION);
  });
});
