import { expect } from 'chai';
import { OPERATION_STATUSES, signingOperation } from '../../../domain/signing/operation.ts';
import { completed, DIGEST, failed, requested } from '../../support/signing.ts';
import { specification } from '../../support/specification.ts';

const { given } = specification(signingOperation);
const request = (data = requested().data) => ({ type: 'RequestSigning', data }) as const;
const complete = (data = completed().data) => ({ type: 'CompleteSigning', data }) as const;
const fail = (data = failed().data) => ({ type: 'FailSigning', data }) as const;
const fold = (...events: readonly Parameters<typeof signingOperation.evolve>[1][]) =>
  events.reduce(signingOperation.evolve, signingOperation.initialState);

describe('signing operation', () => {
  it('records the intent with every fact', () => given().when(request()).then(requested()));
  it('records the signature of a pending operation', () => given(requested()).when(complete()).then(completed()));
  it('records why there is no signature', () => given(requested()).when(fail()).then(failed()));

  describe('twice is safe', () => {
    it('RequestSigning', () => given().twice(request()));
    it('CompleteSigning', () => given(requested()).twice(complete()));
    it('FailSigning', () => given(requested()).twice(fail()));
    it('RequestSigning after completion', () => given(requested(), completed()).when(request()).nothing());
    it('RequestSigning after failure', () => given(requested(), failed()).when(request()).nothing());
    it('FailSigning for another reason keeps the first', () =>
      given(requested(), failed()).when(fail(failed({ code: 'signing.backend_transient' }).data)).nothing());
  });

  describe('refuses', () => {
    it('an id that is another operation', () =>
      given(requested()).when(request(requested({ digest: `${'A'.repeat(43)}=` }).data)).rejected('signing.operation_exists'));
    it('to complete what was never asked for', () => given().when(complete()).rejected('signing.operation_not_found'));
    it('to fail what was never asked for', () => given().when(fail()).rejected('signing.operation_not_found'));
    it('a second, different signature', () =>
      given(requested(), completed())
        .when(complete(completed({ pkcs7Sha256: 'c'.repeat(64) }).data))
        .rejected('signing.operation_settled', { status: 'completed' }));
    it('a signature after a failure', () =>
      given(requested(), failed()).when(complete()).rejected('signing.operation_settled', { status: 'failed' }));
    it('a failure after the signature', () =>
      given(requested(), completed()).when(fail()).rejected('signing.operation_settled', { status: 'completed' }));
  });

  it('folds to what decisions need and nothing more', () => {
    expect(fold()).to.deep.equal({ status: 'none' });
    expect(fold(requested())).to.deep.equal({ status: 'pending', digest: DIGEST });
    expect(fold(requested(), completed())).to.deep.equal({ status: 'completed', digest: DIGEST, pkcs7Sha256: 'b'.repeat(64) });
    expect(fold(requested(), failed())).to.deep.equal({ status: 'failed', digest: DIGEST });
  });

  it('tolerates events that it does not know, and facts without their intent', () => {
    const unknown = { type: 'signing.SigningAbandoned.v1', data: {} } as unknown as ReturnType<typeof failed>;
    const state = signingOperation.evolve(signingOperation.initialState, requested());
    expect(signingOperation.evolve(state, unknown)).to.equal(state);
    expect(signingOperation.evolve({ status: 'none' }, completed())).to.deep.equal({ status: 'none' });
    expect(signingOperation.evolve({ status: 'none' }, failed())).to.deep.equal({ status: 'none' });
  });

  it('knows the statuses of the product', () =>
    expect(OPERATION_STATUSES).to.deep.equal(['pending', 'signed', 'completed', 'embed_failed', 'failed', 'timeout', 'abandoned']));
});
