/** Licences that left for offline use. NOTE: a storage contract: never edit a version, add one. */
import type { Message } from '../kernel/decider.ts';
import type { LicenceSigningAlgorithm } from './signing-keys.events.ts';

/** A signed licence was handed out: until it ends, whoever does not hear of its revocation takes it for good. */
export type OfflineLicenceIssued = Message<
  'OfflineLicenceIssued',
  {
    licenceKey: string;
    algorithm: LicenceSigningAlgorithm;
    kid: string;
    graceDays: number;
    /** Up to here the licence was known as not revoked. */
    position: string;
    /** UTC, ISO 8601 with milliseconds. */
    issuedAt: string;
  }
>;
