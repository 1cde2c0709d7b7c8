/** Whether the fingerprint engine works, asked of the engine itself. */
import { createFingerprints, type Claims } from './fingerprints.ts';
import type { FingerprintHashes } from './ports.ts';

const CLAIMS: Claims = {
  licenceKey: 'QCOS-0000-0000-0000-0000-0000-0000-0000-0000',
  endCustomerId: 'self-test',
  features: ['one', 'two'],
  generatedAt: '2020-01-01T00:00:00.000Z',
  validUntil: '2021-01-01T00:00:00.000Z',
};

const works = (hashes: FingerprintHashes): boolean => {
  const fingerprints = createFingerprints(hashes.keyed(hashes.newKey()), hashes);
  const others = createFingerprints(hashes.keyed(hashes.newKey()), hashes);
  const { quantumSignature, fidelity } = fingerprints.of(CLAIMS);
  const isOwn = fingerprints.matches(CLAIMS, quantumSignature);
  const isForged = fingerprints.matches({ ...CLAIMS, endCustomerId: 'another' }, quantumSignature) || others.matches(CLAIMS, quantumSignature);
  return isOwn && !isForged && fidelity > 0 && fidelity < 1;
};

/** Regenerates a state, finds it again, and takes neither another customer's nor another account's for it. A matter of a millisecond; never throws. */
export const fingerprintsWork = (hashes: FingerprintHashes): boolean => {
  try {
    return works(hashes);
  } catch {
    return false;
  }
};
