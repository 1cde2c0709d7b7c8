/** The ports of code signing: where signatures and timestamps come from. */
import type { TenantId } from '../../domain/kernel/ids.ts';
import type { FileKind } from '../../domain/signing/file-kind.ts';
import type { TenantView } from '../tenancy/access.ts';

export type { FileKind };

export type SignedDigest = Readonly<{
  /** DER of a ContentInfo (SignedData), RFC 3161 token included. */
  pkcs7: Uint8Array;
  /** DER, leaf first, root last. */
  certificateChain: readonly Uint8Array[];
  /** Serial number of the leaf, lower-case hex. */
  certificateSerial: string;
  /** The timestamp authority's genTime, ISO 8601, whole seconds. */
  timestamp: string;
}>;

/**
 * Makes a complete Authenticode signature over a SHA-256 digest. Rejects with `signing.backend_provisioning` {retryAfter},
 * `signing.backend_failed` or `signing.backend_transient`.
 */
export interface SigningBackend {
  /** The tenant's name becomes the subject of its certificate. */
  sign(tenant: Pick<TenantView, 'id' | 'name'>, digest: Uint8Array, kind: FileKind): Promise<SignedDigest>;
}

/** RFC 3161: a DER TimeStampToken over SHA-256(`signature`), with its genTime. Rejects like the backend. */
export interface TimestampAuthority {
  stamp(signature: Uint8Array): Promise<Readonly<{ token: Uint8Array; genTime: Date }>>;
}

/** How many requests of an organization are in the signing step at once. */
export interface SigningPlaces {
  /**
   * A place as soon as one of the organization's `limit` places is free, first come first served; answers how to leave it, which does
   * nothing the second time. Rejects with `signing.queue_timeout` {retryAfter: seconds} when that takes too long or too many wait
   * already, and with `request.timeout` when `signal` fires first.
   */
  take(tenant: TenantId, limit: number, signal?: AbortSignal): Promise<() => void>;
}
