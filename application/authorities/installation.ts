/** The installation's own authorities: one root, one issuing CA and one timestamp authority, made at the first start (D0-25). */
import { INSTALLATION, streamId, type StreamId } from '../../domain/kernel/ids.ts';
import type { CertificatePurpose } from '../../domain/authorities/certified-key.events.ts';
import type { Clock } from '../kernel/ports.ts';
import type { Holders } from './holders.ts';
import type { CertifiedSigner, KeyAlgorithm } from './ports.ts';

export type Installation = Readonly<{ root: CertifiedSigner; issuing: CertifiedSigner; timestamps: CertifiedSigner }>;

/** Absolute links that certificates carry. */
export type PkiUrls = Readonly<{
  /** The issuing CA's revocation list, DER. */
  crl: string;
  /** The issuing CA's certificate, DER; left out of certificates when absent. */
  issuer?: string;
}>;

type Role = 'root' | 'issuing' | 'tsa';
type Description = Readonly<{ role: Role; purpose: CertificatePurpose; title: string; algorithm: KeyAlgorithm; years: number }>;

const ROOT: Description = { role: 'root', purpose: 'root', title: 'Chancery Root', algorithm: 'rsa-3072', years: 25 };
const ISSUING: Description = { role: 'issuing', purpose: 'issuing', title: 'Chancery Code Signing CA', algorithm: 'rsa-3072', years: 15 };
const TSA: Description = { role: 'tsa', purpose: 'timestamping', title: 'Chancery Timestamp Authority', algorithm: 'ecdsa-p256', years: 12 };

const ORGANIZATION = 'Chancery';
const NAME_DIGITS = 8;
const YEAR_MS = 365.25 * 86_400_000;
/** Clocks of verifiers may be behind. */
export const BACKDATED_MS = 300_000;

const wholeSeconds = (milliseconds: number): number => Math.floor(milliseconds / 1000) * 1000;
export const notBeforeAt = (now: number): number => wholeSeconds(now - BACKDATED_MS);

const streamOf = (role: Role): StreamId => streamId('authorities.authority', INSTALLATION, role);

export const createInstallation = (holders: Holders, clock: Clock, urls: PkiUrls): (() => Promise<Installation>) => {
  const authority = async (wanted: Description, issuer?: CertifiedSigner): Promise<CertifiedSigner> => {
    const stream = streamOf(wanted.role);
    const notBefore = notBeforeAt(clock.now());
    const belowIssuing = issuer?.chain.length === 2;
    const issued = await holders.ensure({
      stream,
      algorithm: wanted.algorithm,
      ...(issuer === undefined ? {} : { issuer }),
      suits: () => true,
      describe: (serial) => ({
        purpose: wanted.purpose,
        // Two installations' authorities must not share a name: verifiers look issuers up by it.
        commonName: `${wanted.title} ${serial.slice(0, NAME_DIGITS)}`,
        organization: ORGANIZATION,
        notBefore,
        notAfter: wholeSeconds(notBefore + wanted.years * YEAR_MS),
        crlUrl: belowIssuing ? urls.crl : null,
        issuerUrl: belowIssuing ? (urls.issuer ?? null) : null,
      }),
    });
    return holders.open(stream, issued, issuer?.chain ?? []);
  };

  const make = async (): Promise<Installation> => {
    const root = await authority(ROOT);
    const issuing = await authority(ISSUING, root);
    return { root, issuing, timestamps: await authority(TSA, issuing) };
  };

  let made: Promise<Installation> | undefined;
  return async () => {
    made ??= make();
    try {
      return await made;
    } catch (error) {
      made = undefined;
      throw error;
    }
  };
};
