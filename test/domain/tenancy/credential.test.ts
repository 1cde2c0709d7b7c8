import type { CredentialCreated, CredentialRevoked } from '../../../domain/tenancy/credential.events.ts';
import { credential, type RevokeCredential } from '../../../domain/tenancy/credential.ts';
import type { SessionKeyAdded } from '../../../domain/tenancy/session-keys.events.ts';
import { sessionKeys, type AddSessionKey } from '../../../domain/tenancy/session-keys.ts';
import { specification } from '../../support/specification.ts';

const at = '2026-03-01T00:00:00.000Z';

describe('a credential', () => {
  const { given } = specification(credential);
  const data: CredentialCreated['data'] = {
    credentialId: 'key-1',
    surface: 'qwick-cert',
    kind: 'api-key',
    name: 'CI',
    prefix: 'qwick_ak_abcd',
    secretHash: 'hash',
    permissions: ['sign'],
    actingFor: 'ann',
    term: 1,
    secondFactor: false,
    createdAt: at,
  };
  const created: CredentialCreated = { type: 'CredentialCreated', data };
  const revoke: RevokeCredential = { type: 'RevokeCredential', data: { at } };
  const revoked: CredentialRevoked = { type: 'CredentialRevoked', data: { credentialId: 'key-1', surface: 'qwick-cert', revokedAt: at } };

  it('is created once, under an id of its own', () => {
    given().when({ type: 'CreateCredential', data }).then(created);
    given().twice({ type: 'CreateCredential', data });
    given(created).when({ type: 'CreateCredential', data: { ...data, secretHash: 'other' } }).rejected('tenancy.credential_exists');
  });

  it('is revoked for good', () => {
    given(created).when(revoke).then(revoked);
    given(created).twice(revoke);
    given().when(revoke).rejected('tenancy.credential_not_found');
    given(created, revoked).when({ type: 'CreateCredential', data }).nothing();
  });
});

const key = (kid: string): SessionKeyAdded => ({
  type: 'SessionKeyAdded',
  data: { kid, publicKey: 'x', privateKey: { tenantKey: 1, box: 'sealed' }, addedAt: at },
});
const add = (kid: string, replaces?: string): AddSessionKey => ({
  type: 'AddSessionKey',
  data: { key: key(kid).data, ...(replaces === undefined ? {} : { replaces }), replacedVerifiesUntil: at },
});

describe('the keys of access tokens', () => {
  const { given } = specification(sessionKeys);
  it('begin with one', () => {
    given().when(add('k1')).then(key('k1'));
    given().twice(add('k1'));
  });

  it('are replaced, the older one verifying for a while', () => {
    given(key('k1')).when(add('k2', 'k1')).then(key('k2'), { type: 'SessionKeyRetired', data: { kid: 'k1', verifiesUntil: at } });
    given(key('k1')).twice(add('k2', 'k1'));
  });

  it('are not replaced twice by two who saw the same key', () => {
    given(key('k1'), key('k2'), { type: 'SessionKeyRetired', data: { kid: 'k1', verifiesUntil: at } }).when(add('k3', 'k1')).nothing();
    given(key('k1')).when(add('k2')).nothing();
  });
});
