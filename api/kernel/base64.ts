/** Base64 (RFC 4648) as clients send it: canonical, or refused. */
import { rejectFields } from '../../domain/kernel/rejection.ts';

/** Standard alphabet with padding (section 4). Rejects with `request.invalid`, naming the field. */
export const fromBase64 = (field: string, text: string): Buffer => {
  const bytes = Buffer.from(text, 'base64');
  // Decoding skips whatever it does not know: only what it would write itself is taken.
  return bytes.toString('base64') === text ? bytes : rejectFields({ [field]: 'must be Base64 with padding (RFC 4648, section 4)' });
};

const unpadded = (text: string): string => text.replace(/={1,2}$/u, '');

/** Either alphabet (sections 4 and 5), with or without padding. Rejects with `request.invalid`, naming the field. */
export const fromAnyBase64 = (field: string, text: string): Buffer => {
  const bytes = Buffer.from(text, 'base64');
  const written = [bytes.toString('base64'), bytes.toString('base64url')];
  const isPaddedRight = !text.endsWith('=') || text.length % 4 === 0;
  return isPaddedRight && written.some((one) => unpadded(one) === unpadded(text)) ? bytes : rejectFields({ [field]: 'must be base64 or base64url (RFC 4648)' });
};
