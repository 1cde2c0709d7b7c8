/** Everything that the verifier can answer, as closed unions: a `switch` over them is complete when the compiler says so. */

/** Why a token is none of ours, whatever it says. */
export type TokenReason =
  /** Not a compact JWS in canonical base64url over unambiguous JSON, or too large. */
  | 'malformed'
  /** The protected header has members other than `alg`, `kid` and `typ` (`crit`, `b64`, `jku`, `jwk`, `x5u`, …). */
  | 'header_not_allowed'
  /** `typ` is another one: a revocation list is no licence. */
  | 'wrong_type'
  /** None of the given keys has this `kid`: fetch the keys again, there may have been a rotation. */
  | 'unknown_key'
  /** `alg` is not the algorithm of the key, or this runtime can do nothing with the key. */
  | 'algorithm_not_allowed'
  | 'bad_signature'
  /** Signed, but a claim is missing or has another form. */
  | 'claims_invalid'
  | 'wrong_issuer'
  /** Of another vendor's account. */
  | 'wrong_audience';

export type VerifyReason =
  | 'valid'
  | TokenReason
  /** Not the licence that was asked about; also when what was asked is no question (`null`). */
  | 'license_mismatch'
  /** Sold to another end customer. */
  | 'customer_mismatch'
  | 'revoked'
  /** The clock is further behind a time that has been proved or seen than the tolerance allows. */
  | 'clock_rolled_back'
  /** Its time of issue is further ahead of the clock than the tolerance allows: the clock is behind, or the vendor's was ahead. Nothing of it is remembered. */
  | 'issued_in_future'
  /** No complete revocation list, or an older one than `maxRevocationAgeSeconds` allows. */
  | 'revocations_stale'
  | 'not_yet_valid'
  /** Expired, and beyond the grace time. */
  | 'expired'
  | 'feature_missing'
  /** What the storage holds is not what was stored there. */
  | 'state_unreadable';

export type SyncReason =
  | 'applied'
  /** Nothing in it that is not known. */
  | 'already_applied'
  | TokenReason
  /** It begins after the end of what is known: ask for `since` = `position`. */
  | 'bundle_gap'
  /** It ends before the end of what is known. */
  | 'bundle_rollback'
  /** Made further ahead of the clock than the tolerance allows: the clock is behind, or the vendor's was ahead. Nothing of it is remembered. */
  | 'issued_in_future'
  | 'state_unreadable';

export type ImportReason = 'imported' | 'malformed' | 'wrong_audience' | /** Ends before the end of what is known. */ 'older' | /** Its list was made further ahead of the clock than the tolerance allows. */ 'issued_in_future';

/** How a check says no. Never leaves the verifier. */
export class Refused extends Error {
  readonly reason: VerifyReason | SyncReason;

  constructor(reason: VerifyReason | SyncReason) {
    super(reason);
    this.name = 'Refused';
    this.reason = reason;
  }
}

/** Throws; an expression, so that it fits in `??` and ternaries. */
export const refuse = (reason: Exclude<VerifyReason | SyncReason, 'valid' | 'applied' | 'already_applied'>): never => {
  throw new Refused(reason);
};
