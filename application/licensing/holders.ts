/** What is personal about a licence, sealed in one box under the end customer's key: it is gone for good when that key is. */
import type { TenantId } from '../../domain/kernel/ids.ts';
import type { Sealed } from '../../domain/kernel/sealed.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import type { PersonalData, Subject } from '../kernel/sealing.ts';
import { emailIn } from '../tenancy/email.ts';
import type { Licence } from './licences.ts';
import type { FingerprintHashes, GeneratedLicence } from './ports.ts';
import { holderPlace, reasonPlace } from './streams.ts';

export type Holder = Readonly<{ endCustomerId: string; metadata: Licence['metadata']; quantumSignature: string }>;

/**
 * The name of an end customer as a subject of the tenant. An id that is an e-mail address is the subject of that address, in whichever spelling, so
 * that whoever erases the address erases this; of any other no two are the same that differ in a single character: such names hold the SHA3-256 of
 * the exact id (UTF-8, hexadecimal), since names of subjects are compared as addresses are.
 */
export const endCustomerSubject = (hashes: Pick<FingerprintHashes, 'digest'>, endCustomerId: string): string =>
  emailIn(endCustomerId) === undefined ? `customer:${hashes.digest(new Uint8Array(), endCustomerId)}` : endCustomerId;

export type Opening = Pick<PersonalData, 'open'>;

type Place = Readonly<{ tenant: TenantId; licenceKey: string }>;

export const sealHolder = (personalData: Pick<PersonalData, 'seal'>, subject: Subject, { tenant, licenceKey }: Place, holder: Holder): Promise<Sealed> =>
  personalData.seal(subject, holderPlace(tenant, licenceKey), JSON.stringify(holder));

/** undefined once the end customer was erased. */
export const openHolder = async (personalData: Opening, tenant: TenantId, { licenceKey, holder }: Pick<GeneratedLicence, 'licenceKey' | 'holder'>): Promise<Holder | undefined> => {
  const text = await personalData.open(holder, holderPlace(tenant, licenceKey));
  return text === undefined ? undefined : (JSON.parse(text) as Holder);
};

/** undefined when the end customer has been erased: there is nobody left whom a reason could be about. */
export const sealReason = async (personalData: Pick<PersonalData, 'seal'>, holder: Sealed, place: Place, reason: string): Promise<Sealed | undefined> => {
  try {
    const subject = { id: holder.subject as Subject['id'], newKeys: [] };
    return await personalData.seal(subject, reasonPlace(place.tenant, place.licenceKey), reason);
  } catch (error) {
    if (error instanceof Rejection && error.code === 'kernel.subject_unknown') return undefined;
    throw error;
  }
};

export type Revoked = Readonly<{ revokedAt: string | null; reason: Sealed | null }>;

type Opened = Readonly<{ holder: Holder | undefined; revokedAt: string | null; revokedReason: string | null }>;

export const licenceOf = (generated: GeneratedLicence, { holder, revokedAt, revokedReason }: Opened): Licence => {
  const { number, licenceKey, features, fidelity, generatedAt, validUntil } = generated;
  const { endCustomerId, metadata = null, quantumSignature } = holder ?? {};
  return { number, licenceKey, endCustomerId, features, metadata, quantumSignature, fidelity, generatedAt, validUntil, revokedAt, revokedReason };
};

/** A licence as its account sees it. */
export const readLicence = async (personalData: Opening, tenant: TenantId, stored: GeneratedLicence & Revoked): Promise<Licence> => {
  const { licenceKey, revokedAt, reason } = stored;
  const holder = await openHolder(personalData, tenant, stored);
  const words = reason === null ? undefined : await personalData.open(reason, reasonPlace(tenant, licenceKey));
  return licenceOf(stored, { holder, revokedAt, revokedReason: words ?? null });
};
