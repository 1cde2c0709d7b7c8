/** URLs of receivers between the clear and the sealed. */
import type { SealedUrl } from '../../domain/delivery/sealed-url.ts';
import type { SealedSecret } from '../../domain/kernel/sealed.ts';
import type { Place, Secrets } from '../kernel/sealing.ts';

const utf8 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

/** Rejects with `kernel.seal_broken`. */
export const openUrl = async (secrets: Pick<Secrets, 'open'>, place: Place, url: SealedUrl): Promise<string> =>
  'clear' in url ? url.clear : utf8(await secrets.open(place, url));

/** The box that is there where it holds the same already, so that saying it twice changes nothing; else a new one. */
export const sealText = async (secrets: Secrets, place: Place, text: string, known?: SealedSecret | null): Promise<SealedSecret> => {
  if (known !== undefined && known !== null && utf8(await secrets.open(place, known)) === text) return known;
  return secrets.seal(place, Buffer.from(text, 'utf8'));
};

/** Likewise for a URL; one that still stands in the clear is sealed with the next change that names it. */
export const sealUrl = (secrets: Secrets, place: Place, url: string, known?: SealedUrl): Promise<SealedSecret> =>
  sealText(secrets, place, url, known !== undefined && 'box' in known ? known : undefined);
