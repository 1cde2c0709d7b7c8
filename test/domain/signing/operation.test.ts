import { expect } from 'chai';
import { OPERATION_STATUSES, signingOperation } from '../../../domain/signing/operation.ts';
import { abandoned, completed, DIGEST, failed, reported, requested, timedOut, USER, withdrawn } from '../../support/signing.ts';
import { specification } from '../../support/specification.ts';

const { given } = specification(signingOperation);
const request = (data = requested().data) => ({ type: 'RequestSigning', data }) as const;
const complete = (data = completed().data) => ({ type: 'CompleteSigning', data }) as const;
const fail = (data = failed().data) => ({ type: 'FailSigning', data }) as const;
const report = (data = reported().data) => ({ type: 'ReportResult', data }) as const;
/** The operation was requested at 14:23:42.100 and signed at 14:23:44.892. */
const timeOut = (requestedUntil = '2026-03-09T14:23:42.100Z') =>
  ({ type: 'TimeOutSigning', data: { ...timedOut().data, requestedUntil } }) as const;
const abandon = (signedUntil = '2026-03-09T14:23:44.892Z') =>
  ({ type: 'AbandonSigning', data: { ...abandoned().data, signedUntil } }) as const;
const withdraw = (data = withdrawn().data) => ({ type: 'WithdrawCertificate', data }) as const;
const promised = requested({ awaitResult: true });
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

  describe('the report of the embedding', () => {
    const failedToEmbed = reported({ result: 'embed_failed', error: 'read-only' });
    it('completes a signed operation', () => given(promised, completed()).when(report()).then(reported()));
    it('or says that it failed', () => given(promised, completed()).when(report(failedToEmbed.data)).then(failedToEmbed));
    it('a failure may follow a completed one', () => given(requested(), completed()).when(report(failedToEmbed.data)).then(failedToEmbed));
    it('so may a confirmation', () => given(requested(), completed()).when(report()).then(reported()));
    for (const again of [reported(), failedToEmbed]) {
      it(`comes once: ${again.data.result} again`, () => {
        given(promised, completed(), reported()).when(report(again.data)).rejected('signing.result_reported', { status: 'completed' });
        given(requested(), completed(), failedToEmbed).when(report(again.data)).rejected('signing.result_reported', { status: 'embed_failed' });
      });
    }
    it('needs a signature', () => {
      given(promised).when(report()).rejected('signing.result_unexpected', { status: 'pending' });
      given(promised, failed()).when(report()).rejected('signing.result_unexpected', { status: 'failed' });
      given(promised, timedOut()).when(report()).rejected('signing.result_unexpected', { status: 'timeout' });
    });
    it('is too late after a day', () =>
      given(promised, completed(), abandoned()).when(report()).rejected('signing.result_unexpected', { status: 'abandoned' }));
    it('is the business of the person who signed', () =>
      given(promised, completed())
        .when(report(reported({ actorUserId: '019aa5c4-6f00-7000-8000-0000000000ff' }).data))
        .rejected('signing.operation_not_found', {}));
    it('of nothing', () => {
      given().when(report()).rejected('signing.operation_not_found');
      given(timedOut()).when(report()).rejected('signing.operation_not_found');
    });
  });

  describe('a certificate that is revoked while it is pending', () => {
    it('completes it no more, whatever writes its number; another does', () => {
      given(requested()).when(withdraw()).then(withdrawn());
      given(requested(), withdrawn({ certificateSerial: '003300000001' })).when(complete()).rejected('signing.certificate_revoked');
      const other = completed({ certificateSerial: '3300000002' });
      given(requested(), withdrawn()).when(complete(other.data)).then(other);
      given(requested(), withdrawn()).when(withdraw(withdrawn({ certificateSerial: '3300000002' }).data)).then(withdrawn({ certificateSerial: '3300000002' }));
    });
    it('twice is once', () => given(requested()).twice(withdraw()));
    it('says nothing to what is not pending', () => {
      for (const end of [completed(), failed(), timedOut()]) given(requested(), end).when(withdraw()).nothing();
      given().when(withdraw()).nothing();
    });
  });

  describe('time runs out', () => {
    it('for a pending operation, at the moment and not before', () => {
      given(requested()).when(timeOut()).then(timedOut());
      given(requested()).when(timeOut('2026-03-09T14:23:42.099Z')).nothing();
    });
    it('for a signed one', () => {
      given(promised, completed()).when(abandon()).then(abandoned());
      given(promised, completed()).when(abandon('2026-03-09T14:23:44.891Z')).nothing();
    });
    it('twice is once', () => {
      given(requested()).twice(timeOut());
      given().twice(timeOut());
      given(promised, completed()).twice(abandon());
    });
    it('for nothing that has ended', () => {
      for (const end of [completed(), failed()]) given(requested(), end).when(timeOut()).nothing();
      for (const end of [reported(), abandoned()]) given(promised, completed(), end).when(abandon()).nothing();
      given(requested(), completed()).when(abandon()).nothing();
      given().when(abandon()).nothing();
    });
    it('and no completion comes after it: the signature goes nowhere', () => {
      given(requested(), timedOut()).when(complete()).rejected('signing.operation_timed_out');
      given(requested(), timedOut()).when(fail()).nothing();
    });
    it('closes what never began, for good', () => {
      given().when(timeOut()).then(timedOut());
      given(timedOut()).when(request()).nothing();
      given(timedOut()).when(complete()).rejected('signing.operation_timed_out');
      given(timedOut()).when(fail()).nothing();
      expect(fold(timedOut(), requested())).to.deep.equal({ status: 'closed' });
    });
  });

  it('folds to what decisions need and nothing more', () => {
    expect(fold()).to.deep.equal({ status: 'none' });
    const asked = { digest: DIGEST, actorUserId: USER, awaitsResult: false, requestedAt: '2026-03-09T14:23:42.100Z' };
    const signed = { ...asked, pkcs7Sha256: 'b'.repeat(64), signedAt: '2026-03-09T14:23:44.892Z', reported: false };
    expect(fold(requested())).to.deep.equal({ status: 'pending', ...asked });
    expect(fold(requested(), completed())).to.deep.equal({ status: 'completed', ...signed });
    expect(fold(requested(), failed())).to.deep.equal({ status: 'failed', ...asked });
    expect(fold(promised, completed())).to.deep.equal({ status: 'signed', ...signed, awaitsResult: true });
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
