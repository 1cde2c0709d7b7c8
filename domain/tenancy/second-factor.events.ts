/** NOTE: a storage contract. Add fields, never change or reuse one; a new meaning is a new event. */
import type { Message } from '../kernel/decider.ts';
import type { Sealed } from '../kernel/sealed.ts';

/** A secret was handed out (RFC 6238, base32, sealed); it demands nothing until a code has shown that it arrived. */
export type TotpProposed = Message<'TotpProposed', { enrolmentId: string; term: number; secret: Sealed }>;
/** From now on signing in takes a code. `recoveryHashes` are keyed hashes. */
export type TotpEnabled = Message<'TotpEnabled', { enrolmentId: string; recoveryHashes: readonly string[] }>;
export type RecoveryCodeUsed = Message<'RecoveryCodeUsed', { enrolmentId: string; recoveryHash: string }>;
export type TotpDisabled = Message<'TotpDisabled', { enrolmentId: string }>;

export type SecondFactorEvent = TotpProposed | TotpEnabled | RecoveryCodeUsed | TotpDisabled;

/** The only event of its stream, which carries the number of the time step. `useId` names the attempt. */
export type TotpStepUsed = Message<'TotpStepUsed', { enrolmentId: string; step: number; useId: string }>;
