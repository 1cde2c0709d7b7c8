/** Where receivers are, as it stands in events. */
import type { SealedSecret } from '../kernel/sealed.ts';

/** A URL under the tenant's key: what receivers are found by is often all that they ask for. `clear`: as it stands in what was recorded before URLs were sealed. */
export type SealedUrl = SealedSecret | Readonly<{ clear: string }>;

/** Whether they are the same box; the same URL in two boxes is not. */
export const isSameBox = (one: SealedUrl, other: SealedUrl): boolean =>
  'clear' in one || 'clear' in other
    ? 'clear' in one && 'clear' in other && one.clear === other.clear
    : one.tenantKey === other.tenantKey && one.box === other.box;
