/** The issuing CA's revocation list. NOTE: stored contract; change by addition only. */
import type { Message } from '../kernel/decider.ts';
import type { RevocationReason } from './certified-key.events.ts';

/** `serial` is lower-case hex; `revokedAt` is the entry's revocation date, milliseconds since 1970. */
export type ListedCertificate = Readonly<{ serial: string; reason: RevocationReason; revokedAt: number }>;

export type CertificateListed = Message<'CertificateListed', ListedCertificate>;

/** A list was given its number, before the CA's key signs it. It names the `entries` first ones listed. */
export type CrlNumbered = Message<
  'CrlNumbered',
  Readonly<{ number: number; thisUpdate: number; nextUpdate: number; entries: number }>
>;

export type RevocationListEvent = CertificateListed | CrlNumbered;
