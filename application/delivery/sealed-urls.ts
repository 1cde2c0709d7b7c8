/** URLs of receivers between the clear and the sealed. */
import type { SealedUrl } from '../../domain/delivery/sealed-url.ts';
import { reject, Rejection } from '../../domain/kernel/rejection.ts';
import type { SealedSecret } from '../../domain/kernel/sealed.ts';
import type { Place, Secrets } from '../kernel/sealing.ts';

const utf8 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

/** Rejects with `kernel.seal_broken`. */
export const openUrl = async (secrets: Pick<Secrets, 'open'>, place: Place, url: SealedUrl): Promise<string> =>
  'clear' in url ? url.clear : utf8(await secrets.open(place, url));

const isBroken = (error: unknown): boolean => error instanceof Rejection && error.code === 'kernel.seal_broken';

/** What is in a box; undefined where it cannot be opened. Rejects with `storage.*`. */
export const ifOpen = async <Opened>(opening: Promise<Opened>): Promise<Opened | undefined> => {
  try {
    return await opening;
  } catch (error) {
    if (isBroken(error)) return undefined;
    throw error;
  }
};

/** What somebody asks for who can mend a box that cannot be opened: rejects with `delivery.unreadable` then. */
export const orUnreadable = async <Result>(work: Promise<Result>): Promise<Result> => {
  try {
    return await work;
  } catch (error) {
    return isBroken(error) ? reject('delivery.unreadable') : Promise.reject(error);
  }
};

/** The box that is there where it holds the same already, so that saying it twice changes nothing; else, or where it cannot be opened, a new one. */
export const sealText = async (secrets: Secrets, place: Place, text: string, known?: SealedSecret | null): Promise<SealedSecret> => {
  const before = known === undefined || known === null ? undefined : await ifOpen(secrets.open(place, known));
  if (known && before !== undefined && utf8(before) === text) return known;
  return secrets.seal(place, Buffer.from(text, 'utf8'));
};

/** Likewise for a URL; one that still stands in the clear is sealed with the next change that names it. */
export const sealUrl = (secrets: Secrets, place: Place, url: string, known?: SealedUrl): Promise<SealedSecret> =>
  sealText(secrets, place, url, known !== undefined && 'box' in known ? known : undefined);
