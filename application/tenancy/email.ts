import { rejectFields } from '../../domain/kernel/rejection.ts';

/** One @ between two parts without white space, quotes or brackets; 254 characters at most (RFC 5321). */
const EMAIL = /^[^\s@"<>()[\]\\,;:\p{C}]{1,64}@[^\s@"<>()[\]\\,;:\p{C}]{1,253}$/u;

/** The address without white space around it; undefined for what is none. */
export const emailIn = (text: string): string | undefined => {
  const address = text.trim();
  return address.length <= 254 && EMAIL.test(address) ? address : undefined;
};

/** The same; rejects, naming `field`, what is none. */
export const checkEmail = (email: string, field: string): string => emailIn(email) ?? rejectFields({ [field]: 'must be an e-mail address' });

/** Two spellings of one address: Unicode form C, lower case, no white space around it. */
export const normalizedAddress = (email: string): string => email.normalize('NFC').trim().toLowerCase();
