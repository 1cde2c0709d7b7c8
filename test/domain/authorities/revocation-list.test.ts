import { CRL_LIFETIME_MS, revocationList, type ListCertificate, type RefreshCrl } from '../../../domain/authorities/revocation-list.ts';
import type { CertificateListed, CrlNumbered } from '../../../domain/authorities/revocation-list.events.ts';
import { specification } from '../../support/specification.ts';

const { given } = specification(revocationList);
const HOUR = 3_600_000;

const list = (serial: string): ListCertificate => ({ type: 'ListCertificate', data: { serial, reason: 'superseded', revokedAt: 5_000 } });
const listed = (serial: string): CertificateListed => ({ type: 'CertificateListed', data: { serial, reason: 'superseded', revokedAt: 5_000 } });
const refresh = (now: number): RefreshCrl => ({ type: 'RefreshCrl', data: { now } });
const numbered = (number: number, thisUpdate: number, entries: number): CrlNumbered => ({
  type: 'CrlNumbered',
  data: { number, thisUpdate, nextUpdate: thisUpdate + CRL_LIFETIME_MS, entries },
});

describe('domain: revocation list', () => {
  it('lists a certificate once', () => {
    given().when(list('0a')).then(listed('0a'));
    given().twice(list('0a'));
  });
  it('tolerates one that is listed twice', () => given(listed('0a'), listed('0a'), numbered(1, 0, 1)).when(refresh(1_000)).nothing());
  it('numbers the first list', () => given().when(refresh(7_400)).then(numbered(1, 7_000, 0)));
  it('numbers nothing twice', () => given().twice(refresh(7_000)));
  it('keeps a list that says all and is young', () => given(numbered(1, 0, 0)).when(refresh(12 * HOUR - 1)).nothing());
  it('numbers a new one when a certificate was listed', () => given(numbered(1, 0, 0), listed('0a')).when(refresh(1_000)).then(numbered(2, 1_000, 1)));
  it('numbers a new one at half its life', () => given(numbered(4, 0, 0)).when(refresh(12 * HOUR)).then(numbered(5, 12 * HOUR, 0)));
  it('never goes back in number when the clock does', () => given(numbered(4, 9_000, 0)).when(refresh(8_000)).then(numbered(5, 8_000, 0)));
});
