/** Verifies QuantumLock licences and their revocation, offline. */
export { createLicenseVerifier } from './verifier.ts';
export type { Asked, LicenseVerifier, SyncResult, Verdict } from './verifier.ts';
export type { VerifierOptions } from './options.ts';
export type { JsonWebKeySet, SignatureAlgorithm, Subtle } from './keys.ts';
export type { Clock } from './clock.ts';
export type { LicenseStorage } from './state.ts';
export type { ImportReason, SyncReason, TokenReason, VerifyReason } from './reasons.ts';
