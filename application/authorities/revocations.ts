/** The issuing CA's revocation list: what is on it, and the list itself, signed. */
import { revocationList, type RevocationList } from '../../domain/authorities/revocation-list.ts';
import type { ListedCertificate } from '../../domain/authorities/revocation-list.events.ts';
import { Rejection, reject } from '../../domain/kernel/rejection.ts';
import { INSTALLATION, streamId } from '../../domain/kernel/ids.ts';
import { createAggregate } from '../kernel/command-handler.ts';
import type { Cause } from '../kernel/ports.ts';
import type { HolderDeps } from './holders.ts';
import { toPem } from './pem.ts';
import type { CertifiedSigner } from './ports.ts';

/** Times are milliseconds since 1970. */
export type SignedCrl = Readonly<{ number: number; thisUpdate: number; nextUpdate: number; der: Uint8Array; pem: string }>;

export interface Revocations {
  find(serial: string): Promise<ListedCertificate | undefined>;
  list(certificate: ListedCertificate, cause: Cause): Promise<void>;
  /** The list that is true now; a new number only when it says something new or half its life is over. */
  crl(issuer: CertifiedSigner): Promise<SignedCrl>;
}

const STREAM = streamId('authorities.revocation_list', INSTALLATION, 'issuing');

export const createRevocations = ({ store, pki, clock, ids }: HolderDeps): Revocations => {
  const aggregate = createAggregate(store, revocationList);
  let signed: SignedCrl | undefined;

  const refreshed = async (): Promise<RevocationList> => {
    const cause = { actor: { kind: 'system', id: 'authorities' }, correlation: ids.next() } as const;
    try {
      return (await aggregate.execute(STREAM, { type: 'RefreshCrl', data: { now: clock.now() } }, cause)).state;
    } catch (error) {
      if (!(error instanceof Rejection)) throw error;
      const { state } = await aggregate.load(STREAM);
      // Nothing can be written now: a list that is out and not over yet is still the truth, unless it lacks an entry.
      const usable = state.newest !== undefined && clock.now() < state.newest.nextUpdate && state.newest.entries === state.listed.size;
      return usable ? state : reject(error.code, error.details);
    }
  };

  return {
    find: async (serial) => (await aggregate.load(STREAM)).state.listed.get(serial),
    list: async (certificate, cause) => {
      await aggregate.execute(STREAM, { type: 'ListCertificate', data: certificate }, cause);
    },
    crl: async (issuer) => {
      const { newest, listed } = await refreshed();
      if (newest === undefined) throw new Error('no revocation list was numbered');
      if (signed?.number === newest.number) return signed;
      const { number, thisUpdate, nextUpdate } = newest;
      const der = await pki.crl({ number, thisUpdate, nextUpdate, entries: [...listed.values()].slice(0, newest.entries) }, issuer);
      signed = { number, thisUpdate, nextUpdate, der, pem: toPem('X509 CRL', der) };
      return signed;
    },
  };
};
