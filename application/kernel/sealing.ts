/** The ports by which personal data and secrets become `Sealed` before they are events, and readable again after. */
import type { SubjectId, TenantId } from '../../domain/kernel/ids.ts';
import type { Sealed, SealedSecret } from '../../domain/kernel/sealed.ts';
import type { KeyRecord } from './ports.ts';

/** Where a ciphertext belongs: it opens nowhere else. `place` is `<stream>#<field>`, with a version where there are several. */
export type Place = Readonly<{ tenant: TenantId; place: string }>;

/** A person of a tenant; `newKeys` must go with the append that first mentions them. */
export type Subject = Readonly<{ id: SubjectId; newKeys: readonly KeyRecord[] }>;

/** A subject is an e-mail address, or another name, within a tenant; names are compared as addresses are (Unicode form, case and blanks around do not count). */
export interface PersonalData {
  /** Finds the subject of an address or prepares a new one (not stored until its `newKeys` are). */
  subject(tenant: TenantId, email: string): Promise<Subject>;
  find(tenant: TenantId, email: string): Promise<SubjectId | undefined>;
  /** Every tenant in which the address is a subject. */
  findEverywhere(email: string): Promise<readonly Readonly<{ tenant: TenantId; subject: SubjectId }>[]>;
  seal(subject: Subject, place: Place, plaintext: string): Promise<Sealed>;
  /** The plaintext, or undefined once the subject's key has been destroyed. */
  open(sealed: Sealed, place: Place): Promise<string | undefined>;
}

/** Envelope encryption of key material and secret values. `open` rejects with `kernel.seal_broken` on any mismatch. */
export interface Secrets {
  seal(place: Place, plaintext: Uint8Array): Promise<SealedSecret>;
  open(place: Place, sealed: SealedSecret): Promise<Uint8Array>;
}
