import { expect } from 'chai';
import type { Position } from '../../../domain/kernel/ids.ts';
import { Rejection } from '../../../domain/kernel/rejection.ts';
import type { ReadModelStore } from '../../../application/kernel/read-models.ts';
import { createCredentialIndex } from '../../../projections/tenancy/credential-index.ts';

const head = '00000000000000000009' as Position;
const location = { tenant: 'tenant', credentialId: 'credential' };

const behind = () => Promise.reject(new Rejection('storage.behind', { retryAfter: 1 }));

/** A model that knows one hash, from a moment on. */
const prepare = (until: () => Promise<void>, answers: readonly (object | undefined)[], servingVersion = 1) => {
  const asked: string[] = [];
  const waited: unknown[][] = [];
  const readModels = { open: (_tenant: string, { version }: { version: number }) => ({ get: async (hash: string) => answers[asked.push(version === 1 ? hash : `${hash} in ${version}`) - 1] }) } as unknown as ReadModelStore;
  const freshness = {
    until: async (...given: unknown[]) => {
      waited.push(given);
      return until();
    },
  };
  return { index: createCredentialIndex({ readModels, log: { head: async () => head }, freshness, reader: { serving: (definition) => ({ ...definition, version: servingVersion }) } }), asked, waited };
};

describe('the index of credentials', () => {
  it('waits on a miss until the model has reached the head of the log, and asks again', async () => {
    const { index, asked, waited } = prepare(async () => undefined, [undefined, location]);
    expect(await index.find('hash')).to.deep.equal(location);
    expect(asked).to.deep.equal(['hash', 'hash']);
    expect(waited).to.deep.equal([['tenancy_credential_index', head]]);
  });

  it('remembers what it found, and never that it found nothing', async () => {
    const { index, asked } = prepare(async () => undefined, [undefined, undefined, location]);
    expect(await index.find('hash')).to.equal(undefined);
    for (let n = 0; n < 3; n += 1) expect(await index.find('hash')).to.deep.equal(location);
    expect(asked).to.have.length(3);
  });

  it('says that it does not know yet when the model does not catch up in time, and knows what it has by then', async () => {
    expect(await prepare(behind, [undefined, undefined]).index.find('hash').catch((error: Rejection) => [error.code, error.details])).to.deep.equal(['storage.behind', { retryAfter: 1 }]);
    expect(await prepare(behind, [undefined, location]).index.find('hash')).to.deep.equal(location);
  });

  it('asks the older version that still serves, and the one that is being filled', async () => {
    const { index, asked, waited } = prepare(async () => undefined, [undefined, location], 0);
    expect(await index.find('hash')).to.deep.equal(location);
    expect([asked, waited]).to.deep.equal([['hash in 0', 'hash'], []]);
  });

  it('does not take a failing store for a miss', async () => {
    const { index } = prepare(() => Promise.reject(new Rejection('storage.unavailable')), [undefined, undefined]);
    expect(await index.find('hash').catch((error: Rejection) => error.code)).to.equal('storage.unavailable');
  });
});
