import { expect } from 'chai';
import { INSTALLATION, streamId, streamParts, type StreamId, type TenantId } from '../../../domain/kernel/ids.ts';
import { logIdentityStream } from '../../../domain/transparency/log-identity.ts';

const TENANT = '019aa5c4-6f00-7000-8000-00000000000b' as TenantId;

describe('the name of a stream', () => {
  it('gives category, tenant and id back, whatever the id holds', () => {
    for (const id of ['a', '', '019aa5c4-6f00-7000-8000-00000000000c', 'default@ci-1:ML-DSA-65', '2026-11-22']) {
      expect(streamParts(streamId('keys.kmskey', TENANT, id))).to.deep.equal({ category: 'keys.kmskey', tenant: TENANT, id });
    }
  });

  it('does so for the one category that holds a dash, too', () => {
    expect(streamParts(logIdentityStream)).to.deep.equal({ category: 'transparency.log-identity', tenant: INSTALLATION, id: 'log' });
  });

  it('is taken apart at its first dash where it names no tenant of ours', () => {
    expect(streamParts('test.seats-tenant-hall' as StreamId).category).to.equal('test.seats');
  });
});
