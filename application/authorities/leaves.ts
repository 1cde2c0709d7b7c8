/** The code-signing certificates of tenants: short-lived, renewed ahead, replaced when revoked. */
import { certifiedKeys, isRevoked, REVOCATIONS_AN_HOUR, revocationWait, type CertifiedKeys, type IssuedKey, type RevokeCertifiedKey } from '../../domain/authorities/certified-key.ts';
import type { CertificateRequest, RevocationReason } from '../../domain/authorities/certified-key.events.ts';
import { streamId, type StreamId, type TenantId } from '../../domain/kernel/ids.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import type { Cause, Clock, Logger } from '../kernel/ports.ts';
import type { Holders, Wanted } from './holders.ts';
import { notBeforeAt, type Installation, type PkiUrls } from './installation.ts';
import type { CertifiedSigner } from './ports.ts';
import type { Revocations } from './revocations.ts';
import { subjectName } from './subject-name.ts';

export type LeafOwner = Readonly<{ id: TenantId; name: string }>;
/** `revokedAt`: milliseconds since 1970, not in the future; signatures with an earlier timestamp stay good. */
export type Revocation = Readonly<{ serial: string; reason: RevocationReason; revokedAt: number }>;

export interface Leaves {
  /**
   * The tenant's certified key. Waits while the first one is being made, then rejects with `signing.backend_provisioning`
   * {retryAfter: seconds}.
   */
  leafFor(owner: LeafOwner): Promise<CertifiedSigner>;
  /**
   * Lists the certificate and has a new one made; false when it had been revoked before. Rejects with
   * `authorities.certificate_unknown`, `authorities.too_many_revocations` {limit, retryAfter: seconds} or `request.invalid`.
   */
  revoke(owner: LeafOwner, revocation: Revocation, cause: Cause): Promise<boolean>;
  /** Resolves when no certificate is being made. */
  idle(): Promise<void>;
}

export type LeafDeps = Readonly<{
  holders: Holders;
  revocations: Revocations;
  installation: () => Promise<Installation>;
  clock: Clock;
  log: Logger;
  urls: PkiUrls;
  /** How long a request waits for a certificate being made, in milliseconds. */
  waitMs: number;
}>;

const HOUR_MS = 3_600_000;
export const LEAF_LIFETIME_MS = 72 * HOUR_MS;
/** With this much left a new one is made. */
export const RENEWED_AHEAD_MS = 24 * HOUR_MS;
/** With less than this left it signs no more: its signatures must be timestamped while it is valid. */
const LAST_MOMENTS_MS = 60_000;
const RETRY_AFTER_SECONDS = 3;

const streamOf = (tenant: TenantId): StreamId => streamId('authorities.leaf', tenant, 'code-signing');

const lastsFor = (request: CertificateRequest, now: number): number => (now < request.notBefore ? 0 : request.notAfter - now);

const provisioning = (): Rejection => new Rejection('signing.backend_provisioning', { retryAfter: RETRY_AFTER_SECONDS });

const waitAtMost = async <T>(work: Promise<T>, milliseconds: number): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, refuse) => {
    timer = setTimeout(() => refuse(provisioning()), milliseconds);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
};

const requireRoom = (keys: CertifiedKeys, now: number): void => {
  const wait = revocationWait(keys, now);
  if (wait > 0) throw new Rejection('authorities.too_many_revocations', { limit: REVOCATIONS_AN_HOUR, retryAfter: Math.ceil(wait / 1_000) });
};

const commandOf = ({ serial, reason, revokedAt }: Revocation, now: number): RevokeCertifiedKey => ({
  type: 'RevokeCertifiedKey',
  data: { serial, reason, revokedAt, now },
});

/** What is on the list is so, whatever the clock here says: that of whoever listed it may be ahead. */
const commandOfListed = (listed: Revocation, now: number): RevokeCertifiedKey => commandOf(listed, Math.max(now, listed.revokedAt));

const wantedLeaf = ({ id, name }: LeafOwner, issuer: CertifiedSigner, { clock, urls }: Pick<LeafDeps, 'clock' | 'urls'>): Wanted => {
  const subject = subjectName(name, id);
  return {
    stream: streamOf(id),
    algorithm: 'rsa-3072',
    issuer,
    suits: (request, keys) => lastsFor(request, clock.now()) > RENEWED_AHEAD_MS && !isRevoked(keys, request.serial),
    // Each attempt by the time that it is then: the clock may have been set while keys were made.
    describe: () => {
      const notBefore = notBeforeAt(clock.now());
      return {
        purpose: 'code_signing',
        commonName: subject,
        organization: subject,
        notBefore,
        notAfter: notBefore + LEAF_LIFETIME_MS,
        crlUrl: urls.crl,
        issuerUrl: urls.issuer ?? null,
      };
    },
  };
};

/** Makes new leaves, one at a time for each tenant; who asks meanwhile gets the same promise. */
const createProvisioning = (deps: LeafDeps) => {
  const { holders, revocations, installation, clock, log } = deps;
  const running = new Map<TenantId, Promise<CertifiedSigner>>();

  const settle = async (stream: StreamId, keys: CertifiedKeys): Promise<void> => {
    // A revocation reaches the list first: the tenant's own record of it is caught up here if it was cut off in between.
    const current = keys.current?.request.serial;
    if (current === undefined || isRevoked(keys, current)) return;
    const listed = await revocations.find(current);
    if (listed !== undefined) await holders.execute(stream, commandOfListed(listed, clock.now()));
  };

  const make = async (owner: LeafOwner): Promise<CertifiedSigner> => {
    const stream = streamOf(owner.id);
    const { issuing } = await installation();
    await settle(stream, await holders.load(stream));
    const issued = await holders.ensure(wantedLeaf(owner, issuing, deps));
    return holders.open(stream, issued, issuing.chain);
  };

  const provision = async (owner: LeafOwner): Promise<CertifiedSigner> => {
    const known = running.get(owner.id);
    if (known !== undefined) return known;
    const work = make(owner).finally(() => running.delete(owner.id));
    running.set(owner.id, work);
    return work;
  };

  const inBackground = (owner: LeafOwner): void => {
    provision(owner).catch((error: unknown) => log.warn({ tenant: owner.id, err: error }, 'no new signing certificate could be made'));
  };

  return { provision, inBackground, idle: async () => { await Promise.allSettled(running.values()); } };
};

export const createLeaves = (deps: LeafDeps): Leaves => {
  const { holders, revocations, installation, clock, waitMs } = deps;
  const { provision, inBackground, idle } = createProvisioning(deps);

  const usable = async (keys: CertifiedKeys): Promise<IssuedKey | undefined> => {
    const { current } = keys;
    if (current === undefined || lastsFor(current.request, clock.now()) <= LAST_MOMENTS_MS) return undefined;
    const { serial } = current.request;
    return isRevoked(keys, serial) || (await revocations.find(serial)) !== undefined ? undefined : current;
  };

  return {
    leafFor: async (owner) => {
      const stream = streamOf(owner.id);
      const leaf = await usable(await holders.load(stream));
      if (leaf === undefined) return waitAtMost(provision(owner), waitMs);
      if (lastsFor(leaf.request, clock.now()) <= RENEWED_AHEAD_MS) inBackground(owner);
      return holders.open(stream, leaf, (await installation()).issuing.chain);
    },
    revoke: async (owner, revocation, cause) => {
      const stream = streamOf(owner.id);
      const command = commandOf(revocation, clock.now());
      // Refused before the list is touched; from the list on, nobody is given this key again.
      const keys = await holders.load(stream);
      if (certifiedKeys.decide(command, keys).length > 0) requireRoom(keys, clock.now());
      await revocations.list(revocation, cause);
      // Of two at once, the one that reached the list first says why and since when.
      const listed = (await revocations.find(revocation.serial)) ?? revocation;
      const { events } = await holders.execute(stream, commandOfListed(listed, clock.now()), cause);
      inBackground(owner);
      return events.length > 0;
    },
    idle,
  };
};
