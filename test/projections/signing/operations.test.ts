import { expect } from 'chai';
import type { Position, StreamId } from '../../../domain/kernel/ids.ts';
import type { SigningOperationEvent } from '../../../domain/signing/operation.events.ts';
import type { Recorded } from '../../../application/kernel/ports.ts';
import { signingOperations, type OperationDocument } from '../../../projections/signing/operations.ts';
import { abandoned, completed, DIGEST, failed, OPERATION, reported, requested, tenantView, timedOut, USER } from '../../support/signing.ts';

/** The envelope tells another time than the data, so that a projection that looks at the wrong one is found out. */
const recorded = (event: SigningOperationEvent): Recorded<SigningOperationEvent> => ({
  ...event,
  id: 'event-1',
  stream: `signing.operation-${tenantView().id}-${OPERATION}` as StreamId,
  tenant: tenantView().id,
  revision: 0,
  position: '1' as Position,
  time: '1999-01-01T00:00:00.000Z',
  cause: { actor: { kind: 'system', id: 'test' }, correlation: 'test' },
});

type Handler = (document: OperationDocument | undefined, event: Recorded<SigningOperationEvent>) => OperationDocument | undefined;
const apply = (document: OperationDocument | undefined, event: SigningOperationEvent) =>
  (signingOperations.on[event.type] as Handler)(document, recorded(event));
const given = (...events: readonly SigningOperationEvent[]) => events.reduce<OperationDocument | undefined>(apply, undefined);

const PENDING: OperationDocument = {
  id: OPERATION,
  actorUserId: USER,
  fileName: 'MyApp.exe',
  fileSize: 2_048_576,
  fileHash: DIGEST,
  digestAlgorithm: 'sha256',
  status: 'pending',
  awaitsResult: false,
  source: 'cli',
  clientChannel: null,
  clientVersion: null,
  batchId: null,
  signedAt: null,
  createdAt: '2026-03-09T14:23:42.100Z',
};
const COMPLETED = { ...PENDING, status: 'completed', signedAt: '2026-03-09T14:23:44.892Z' } as const;

describe('projection signing_operations', () => {
  it('is pending while the intent stands alone', () => expect(given(requested())).to.deep.equal(PENDING));
  it('is completed with the time of the signature', () => expect(given(requested(), completed())).to.deep.equal(COMPLETED));
  it('is failed without a time', () => expect(given(requested(), failed())).to.deep.equal({ ...PENDING, status: 'failed' }));

  describe('a client that promised to report', () => {
    const promised = requested({ awaitResult: true });
    const SIGNED = { ...COMPLETED, awaitsResult: true, status: 'signed' } as const;
    it('has a signed operation', () => expect(given(promised, completed())).to.deep.equal(SIGNED));
    it('completes it', () => expect(given(promised, completed(), reported())).to.deep.equal({ ...SIGNED, status: 'completed' }));
    it('or could not embed', () =>
      expect(given(promised, completed(), reported({ result: 'embed_failed' }))).to.deep.equal({ ...SIGNED, status: 'embed_failed' }));
    it('and says why, in the client\'s words', () =>
      expect(given(promised, completed(), reported({ result: 'embed_failed', error: 'read-only' }))).to.deep.equal({ ...SIGNED, status: 'embed_failed', resultError: 'read-only' }));
    it('or never came back', () => expect(given(promised, completed(), abandoned())).to.deep.equal({ ...SIGNED, status: 'abandoned' }));
  });
  it('is timed out', () => expect(given(requested(), timedOut())).to.deep.equal({ ...PENDING, status: 'timeout' }));

  it('keeps what the client said of itself', () => {
    const said = { clientChannel: 'github_action', clientVersion: '1.2.0', batchId: OPERATION };
    expect(given(requested({ ...said, source: 'github_action' }))).to.deep.equal({ ...PENDING, ...said, source: 'github_action' });
  });

  it('holds neither the address nor the way in', () =>
    expect(JSON.stringify(given(requested({ by: { kind: 'credential', id: 'canary' } })))).to.not.match(/sealed|canary/u));

  it('never rejects a fact: an end without its beginning is none of its documents', () => {
    expect(given(completed())).to.equal(undefined);
    expect(given(failed())).to.equal(undefined);
    expect(given(timedOut())).to.equal(undefined);
    expect(given(reported())).to.equal(undefined);
    expect(given(abandoned())).to.equal(undefined);
  });

  describe('twice is the same', () => {
    const histories = {
      requested: [requested()],
      completed: [requested(), completed()],
      failed: [requested(), failed()],
      timedOut: [requested(), timedOut()],
      reported: [requested({ awaitResult: true }), completed(), reported({ result: 'embed_failed' })],
      abandoned: [requested({ awaitResult: true }), completed(), abandoned()],
    };
    for (const [name, events] of Object.entries(histories)) {
      it(name, () => {
        const once = given(...events);
        expect(events.reduce<OperationDocument | undefined>(apply, once), 'the whole history again').to.deep.equal(once);
        expect(given(...events.flatMap((event) => [event, event])), 'each event twice').to.deep.equal(once);
      });
    }
  });

  it('has an index for every combination of equality filters, newest first within it', () => {
    const declared = signingOperations.indexes.map((fields) => fields.join(' '));
    expect(new Set(declared).size).to.equal(declared.length);
    expect(declared).to.have.members([
      'createdAt', 'actorUserId createdAt', 'source createdAt', 'status createdAt', 'actorUserId source createdAt',
      'actorUserId status createdAt', 'source status createdAt', 'actorUserId source status createdAt', 'batchId createdAt',
    ]);
  });
});
