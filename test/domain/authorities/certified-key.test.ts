import { certifiedKeys, type IssueCertifiedKey, type RequestCertifiedKey, type RevokeCertifiedKey } from '../../../domain/authorities/certified-key.ts';
import type { CertificateRequest, CertifiedKeyIssued, CertifiedKeyRequested, CertifiedKeyRevoked } from '../../../domain/authorities/certified-key.events.ts';
import { specification } from '../../support/specification.ts';

const { given } = specification(certifiedKeys);

const request = (serial: string): CertificateRequest => ({
  purpose: 'code_signing', serial, commonName: 'Acme Corp', organization: 'Acme Corp', notBefore: 3, notAfter: 259_201_000,
  publicKey: 'MIIB', crlUrl: 'http://example.test/issuing.crl', issuerUrl: null,
});
const privateKey = { tenantKey: 1, box: 'sealed' };
const ask = (serial: string, replaces: string | null): RequestCertifiedKey => ({ type: 'RequestCertifiedKey', data: { replaces, request: request(serial), privateKey, now: 5 } });
const issue = (serial: string): IssueCertifiedKey => ({ type: 'IssueCertifiedKey', data: { serial, certificate: 'MIIC', now: 6 } });
const revoke = (serial: string, revokedAt = 7): RevokeCertifiedKey => ({ type: 'RevokeCertifiedKey', data: { serial, reason: 'key_compromise', revokedAt, now: 9 } });

const requested = (serial: string): CertifiedKeyRequested => ({ type: 'CertifiedKeyRequested', data: { request: request(serial), privateKey, requestedAt: 5 } });
const issued = (serial: string): CertifiedKeyIssued => ({ type: 'CertifiedKeyIssued', data: { serial, certificate: 'MIIC', issuedAt: 6 } });
const revoked = (serial: string): CertifiedKeyRevoked => ({ type: 'CertifiedKeyRevoked', data: { serial, reason: 'key_compromise', revokedAt: 7, recordedAt: 9 } });

describe('domain: certified keys', () => {
  it('records the request before anything is signed', () => given().when(ask('0a', null)).then(requested('0a')));
  it('requests nothing twice', () => given().twice(ask('0a', null)));
  it('requests nothing for one who did not see the newest request', () => {
    given(requested('0a')).when(ask('0b', null)).nothing();
    given(requested('0a'), issued('0a')).when(ask('0b', null)).nothing();
    given(requested('0a'), issued('0a'), requested('0b')).when(ask('0c', '0a')).nothing();
  });
  it('requests the next one after the newest', () => given(requested('0a'), issued('0a')).when(ask('0b', '0a')).then(requested('0b')));
  it('may replace a request that was never finished', () => given(requested('0a')).when(ask('0b', '0a')).then(requested('0b')));

  it('issues what was requested', () => given(requested('0a')).when(issue('0a')).then(issued('0a')));
  it('issues nothing twice', () => given(requested('0a')).twice(issue('0a')));
  it('issues nothing that was not requested', () => {
    given().when(issue('0a')).rejected('authorities.not_requested', { serial: '0a' });
    given(requested('0a'), requested('0b')).when(issue('0a')).rejected('authorities.not_requested');
  });

  it('revokes what was issued, the newest or an older one', () => {
    given(requested('0a'), issued('0a')).when(revoke('0a')).then(revoked('0a'));
    given(requested('0a'), issued('0a'), requested('0b'), issued('0b')).when(revoke('0a')).then(revoked('0a'));
  });
  it('revokes nothing twice', () => given(requested('0a'), issued('0a')).twice(revoke('0a')));
  it('knows nothing of certificates of others', () => given(requested('0a')).when(revoke('0a')).rejected('authorities.certificate_unknown', { serial: '0a' }));
  it('refuses a revocation from the future', () =>
    given(requested('0a'), issued('0a')).when(revoke('0a', 10)).rejected('request.invalid', { fields: { at: 'must not lie in the future' } }));
  it('and one from before the certificate', () => {
    given(requested('0a'), issued('0a')).when(revoke('0a', 2)).rejected('request.invalid', { fields: { at: 'must not lie before the certificate\'s own time' } });
    given(requested('0a'), issued('0a'), requested('0b'), issued('0b')).when(revoke('0a', 2)).rejected('request.invalid');
  });
});
