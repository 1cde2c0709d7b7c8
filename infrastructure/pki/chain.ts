/** Certification paths to a given root (RFC 5280 6.1, as far as two levels of authorities without policies need it). */
import type { X509Certificate } from 'node:crypto';
import { SignatureFault } from './signed-data-verify.ts';

const MAX_PATH = 5;

export type ChainQuestion = Readonly<{
  /** Certificates that may stand between the leaf and a root. */
  intermediates: readonly X509Certificate[];
  roots: readonly X509Certificate[];
  /** The time at which all must be valid. */
  at: Date;
  /** The extended key usage that the leaf must have. */
  usage: string;
}>;

const isValidAt = (certificate: X509Certificate, at: Date): boolean =>
  certificate.validFromDate <= at && at <= certificate.validToDate;

const issued = (issuer: X509Certificate, subject: X509Certificate): boolean =>
  issuer.ca && subject.checkIssued(issuer) && subject.verify(issuer.publicKey);

/** The path, leaf first, root last; throws a `SignatureFault` when there is none. */
export const verifyChain = (leaf: X509Certificate, { intermediates, roots, at, usage }: ChainQuestion): readonly X509Certificate[] => {
  // Node names the extended usages `keyUsage`.
  if (!(leaf.keyUsage as readonly string[] | undefined)?.includes(usage)) throw new SignatureFault('the certificate is not made for this use');
  const path = [leaf];
  for (let subject = leaf; path.length <= MAX_PATH; path.push(subject)) {
    if (!isValidAt(subject, at)) throw new SignatureFault(`a certificate was not valid at ${at.toISOString()}`);
    const current = subject;
    const root = roots.find((candidate) => isValidAt(candidate, at) && issued(candidate, current));
    if (root !== undefined) return [...path, root];
    const next = intermediates.find((candidate) => !path.includes(candidate) && issued(candidate, current));
    if (next === undefined) break;
    subject = next;
  }
  throw new SignatureFault('the certificate does not chain to a trusted root');
};
