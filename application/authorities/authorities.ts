/** The authorities of an installation, as everything else sees them. */
import { createHolders, type HolderDeps } from './holders.ts';
import { createInstallation, type PkiUrls } from './installation.ts';
import { createLeaves, type LeafOwner, type Revocation } from './leaves.ts';
import { toPem } from './pem.ts';
import type { CertifiedSigner } from './ports.ts';
import { createRevocations, type SignedCrl } from './revocations.ts';
import type { Cause, Logger } from '../kernel/ports.ts';

export type Anchor = Readonly<{ pem: string; der: Uint8Array }>;
export type TrustAnchors = Readonly<{ root: Anchor; issuing: Anchor; tsa: Anchor }>;

/** What the published files are sent as (RFC 8555 9.1, RFC 2585 4). */
export const PKI_MEDIA_TYPES = {
  pem: 'application/pem-certificate-chain',
  certificate: 'application/pkix-cert',
  crl: 'application/pkix-crl',
  crlPem: 'application/x-pem-file',
} as const;

export interface Authorities {
  /** Makes root, issuing CA and timestamp authority unless they exist; safe to call from several processes at once. */
  ensureInstallation(): Promise<void>;
  trustAnchors(): Promise<TrustAnchors>;
  crl(): Promise<SignedCrl>;
  /** The built-in timestamp authority's key and chain. */
  timestampSigner(): Promise<CertifiedSigner>;
  /**
   * The tenant's certified key. Waits while the first one is being made, then rejects with `signing.backend_provisioning`
   * {retryAfter: seconds}. Renewal ahead goes on in the background.
   */
  leafFor(owner: LeafOwner): Promise<CertifiedSigner>;
  /**
   * Puts a leaf on the list at once and has a new one made; false when it had been revoked before. Rejects with
   * `authorities.certificate_unknown` or `request.invalid`.
   */
  revokeLeaf(owner: LeafOwner, revocation: Revocation, cause: Cause): Promise<boolean>;
  /** Resolves when nothing is going on in the background: for shutdown. */
  idle(): Promise<void>;
}

export type AuthoritiesDeps = HolderDeps & Readonly<{
  log: Logger;
  urls: PkiUrls;
  /** 15 seconds unless given (D0-24). */
  provisioningWaitMs?: number;
}>;

const PROVISIONING_WAIT_MS = 15_000;

const anchorOf = ({ chain: [own] }: CertifiedSigner): Anchor => {
  if (own === undefined) throw new Error('an authority has no certificate');
  return { der: own, pem: toPem('CERTIFICATE', own) };
};

export const createAuthorities = (deps: AuthoritiesDeps): Authorities => {
  const { clock, log, urls, provisioningWaitMs: waitMs = PROVISIONING_WAIT_MS } = deps;
  const holders = createHolders(deps);
  const revocations = createRevocations(deps);
  const installation = createInstallation(holders, clock, urls);
  const leaves = createLeaves({ holders, revocations, installation, clock, log, urls, waitMs });
  return {
    ensureInstallation: async () => {
      await installation();
    },
    trustAnchors: async () => {
      const { root, issuing, timestamps } = await installation();
      return { root: anchorOf(root), issuing: anchorOf(issuing), tsa: anchorOf(timestamps) };
    },
    crl: async () => revocations.crl((await installation()).issuing),
    timestampSigner: async () => (await installation()).timestamps,
    leafFor: async (owner) => leaves.leafFor(owner),
    revokeLeaf: async (owner, revocation, cause) => leaves.revoke(owner, revocation, cause),
    idle: async () => leaves.idle(),
  };
};
