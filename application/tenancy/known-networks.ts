/**
 * From where accounts have signed in lately. Whoever guesses from elsewhere must not be able to keep them out: failures from a known
 * network are counted apart.
 */
import type { Clock } from '../kernel/ports.ts';
import type { StateStore } from '../kernel/state.ts';
import { networkKey } from './address-key.ts';

export const KNOWN_NETWORKS = 'login-networks';

const DAY_MS = 86_400_000;
/** As long as an unused session may be taken up again. */
const KNOWN_MS = 30 * DAY_MS;

/** `account` names the account without saying whose it is; `ip` is the client's address. */
export interface KnownNetworks {
  has(account: string, ip: string): Promise<boolean>;
  /** The account has signed in from there now. */
  add(account: string, ip: string): Promise<void>;
}

const nameOf = (account: string, ip: string): string => `${account}@${networkKey(ip)}`;

export const createKnownNetworks = ({ state, clock }: Readonly<{ state: StateStore; clock: Clock }>): KnownNetworks => ({
  has: async (account, ip) => (await state.get(KNOWN_NETWORKS, nameOf(account, ip))) !== undefined,
  add: async (account, ip) => {
    const name = nameOf(account, ip);
    const now = clock.now();
    const today = String(Math.floor(now / DAY_MS));
    const stored = await state.get(KNOWN_NETWORKS, name);
    // Written once a day. Who loses the race has been beaten by somebody who says the same.
    if (stored !== today) await state.compareAndSet(KNOWN_NETWORKS, name, stored, { value: today, expiresAt: now + KNOWN_MS });
  },
});
