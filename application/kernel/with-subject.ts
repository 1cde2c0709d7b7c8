/** Work that mentions a person, known or new. */
import type { TenantId } from '../../domain/kernel/ids.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import type { PersonalData, Subject } from './sealing.ts';

const ATTEMPTS = 3;

/** Made by somebody else, or destroyed, since it was looked for. */
const hasChanged = (error: unknown): boolean =>
  error instanceof Rejection && (error.code === 'kernel.key_exists' || error.code === 'kernel.subject_unknown');

/** Runs with the subject of a name; again when somebody else made or erased the subject at the same moment. */
export const withSubject = async <T>(
  personalData: Pick<PersonalData, 'subject'>,
  { tenant, name }: Readonly<{ tenant: TenantId; name: string }>,
  work: (subject: Subject) => Promise<T>,
): Promise<T> => {
  for (let tried = 1; tried < ATTEMPTS; tried += 1) {
    try {
      return await work(await personalData.subject(tenant, name));
    } catch (error) {
      if (!hasChanged(error)) throw error;
    }
  }
  return work(await personalData.subject(tenant, name));
};
