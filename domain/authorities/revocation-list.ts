/** Decides what the revocation list says and when it gets a new number (RFC 5280 5.2.3: numbers only ever grow). */
import { emptyMap, type GrowingMap } from '../kernel/growing-map.ts';
import { otherwise, type Decider, type Message } from '../kernel/decider.ts';
import type { CrlNumbered, ListedCertificate, RevocationListEvent } from './revocation-list.events.ts';

export type ListCertificate = Message<'ListCertificate', ListedCertificate>;
/** Asks for a list that is true at `now`. */
export type RefreshCrl = Message<'RefreshCrl', Readonly<{ now: number }>>;
export type RevocationListCommand = ListCertificate | RefreshCrl;

export type RevocationList = Readonly<{
  /** By serial, in the order in which they were listed. */
  listed: GrowingMap<string, ListedCertificate>;
  /** The newest list that was numbered. */
  newest?: CrlNumbered['data'];
}>;

const HOUR = 3_600_000;
/** How long a list is good for (D1-19), and the age at which it is made anew though nothing was revoked. */
export const CRL_LIFETIME_MS = 24 * HOUR;
const CRL_RENEWAL_MS = 12 * HOUR;

/** True when the newest list says all there is to say and was made within the renewal age. A clock set back counts as old. */
export const isFresh = ({ newest, listed }: RevocationList, now: number): boolean =>
  newest !== undefined && newest.entries === listed.size && now >= newest.thisUpdate && now - newest.thisUpdate < CRL_RENEWAL_MS;

const evolve = (state: RevocationList, event: RevocationListEvent): RevocationList => {
  switch (event.type) {
    case 'CertificateListed':
      return state.listed.has(event.data.serial) ? state : { ...state, listed: state.listed.with(event.data.serial, event.data) };
    case 'CrlNumbered':
      return { ...state, newest: event.data };
    default:
      return otherwise(event, state);
  }
};

const refresh = (now: number, state: RevocationList): readonly RevocationListEvent[] => {
  if (isFresh(state, now)) return [];
  const number = (state.newest?.number ?? 0) + 1;
  const thisUpdate = Math.floor(now / 1000) * 1000;
  return [{ type: 'CrlNumbered', data: { number, thisUpdate, nextUpdate: thisUpdate + CRL_LIFETIME_MS, entries: state.listed.size } }];
};

export const revocationList: Decider<RevocationList, RevocationListCommand, RevocationListEvent> = {
  initialState: { listed: emptyMap() },
  evolve,
  decide: (command, state) => {
    switch (command.type) {
      case 'ListCertificate':
        return state.listed.has(command.data.serial) ? [] : [{ type: 'CertificateListed', data: command.data }];
      case 'RefreshCrl':
        return refresh(command.data.now, state);
      default:
        return otherwise(command, []);
    }
  },
};
