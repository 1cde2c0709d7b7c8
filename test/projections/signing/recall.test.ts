import { expect } from 'chai';
import type { Position, StreamId } from '../../../domain/kernel/ids.ts';
import type { SigningOperationEvent } from '../../../domain/signing/operation.events.ts';
import type { SigningReleased, SigningReserved, SigningSpent } from '../../../domain/signing/quota.events.ts';
import type { Recorded } from '../../../application/kernel/ports.ts';
import { INSTALLATION } from '../../../domain/kernel/ids.ts';
import { openSigningOperations, openSigningReservations, type OpenOperation, type OpenReservation } from '../../../projections/signing/open-operations.ts';
import { signingRecall, type RecalledOperation } from '../../../projections/signing/recall.ts';
import { abandoned, completed, DIGEST, failed, OPERATION, reported, requested, tenantView, timedOut, USER } from '../../support/signing.ts';

type SigningQuotaEvent = SigningReserved | SigningSpent | SigningReleased;

const TENANT = tenantView().id;

/** The envelope tells another time than the data, so that a projection that looks at the wrong one is found out. */
const recorded = <Event extends SigningOperationEvent | SigningQuotaEvent>(event: Event, stream = `signing.operation-${TENANT}-${OPERATION}`) =>
  ({
    ...event, id: 'event-1', stream: stream as StreamId, tenant: TENANT, revision: 0, position: '1' as Position,
    time: '1999-01-01T00:00:00.000Z', cause: { actor: { kind: 'system', id: 'test' }, correlation: 'test' },
  }) as unknown as Recorded<Event>;

type Handlers<Document, Event extends SigningOperationEvent | SigningQuotaEvent> = Readonly<Record<Event['type'], (document: Document | undefined, event: never) => Document | undefined>>;
const folder =
  <Document, Event extends SigningOperationEvent | SigningQuotaEvent>(on: Handlers<Document, Event>, stream?: string) =>
  (...events: readonly Event[]): Document | undefined =>
    events.reduce<Document | undefined>((document, event) => on[event.type as Event['type']](document, recorded(event, stream) as never), undefined);

const promised = requested({ awaitResult: true });
const HISTORIES = {
  requested: [requested()],
  completed: [requested(), completed()],
  failed: [requested(), failed()],
  timedOut: [requested(), timedOut()],
  signed: [promised, completed()],
  reported: [promised, completed(), reported({ result: 'embed_failed' })],
  abandoned: [promised, completed(), abandoned()],
} as const satisfies Readonly<Record<string, readonly SigningOperationEvent[]>>;

const twiceIsTheSame = (fold: (...events: readonly SigningOperationEvent[]) => unknown): void => {
  for (const [name, events] of Object.entries(HISTORIES)) {
    it(`twice is the same: ${name}`, () => expect(fold(...events.flatMap((event) => [event, event]))).to.deep.equal(fold(...events)));
  }
};

describe('projection signing_recall', () => {
  const fold = folder<RecalledOperation, SigningOperationEvent>(signingRecall.on);
  const PENDING: RecalledOperation = {
    id: OPERATION, status: 'pending', awaitsResult: false, actorUserId: USER, credentialId: null, source: 'cli', fileName: 'MyApp.exe', fileSize: 2_048_576,
    fileHash: DIGEST, batchId: null, certificateSerial: null, certificateNumber: null, certificateSha256: null, pkcs7Sha256: null, signedAt: null, createdAt: '2026-03-09T14:23:42.100Z',
  };
  const SIGNED = { ...PENDING, certificateSerial: '3300000001', certificateNumber: '3300000001', certificateSha256: 'a'.repeat(64), pkcs7Sha256: 'b'.repeat(64), signedAt: '2026-03-09T14:23:44.892Z' };

  it('knows an operation from its intent on, and how it was asked for', () => {
    expect(fold(requested())).to.deep.equal(PENDING);
    expect(fold(requested({ by: { kind: 'credential', id: 'key-1' }, batchId: 'batch-1' }))).to.deep.equal({ ...PENDING, credentialId: 'key-1', batchId: 'batch-1' });
  });
  it('knows certificate and signature from the completion on', () => expect(fold(requested(), completed())).to.deep.equal({ ...SIGNED, status: 'completed' }));
  it('keeps them whatever becomes of it', () => {
    expect(fold(...HISTORIES.reported)).to.deep.equal({ ...SIGNED, awaitsResult: true, status: 'embed_failed' });
    expect(fold(...HISTORIES.abandoned)).to.deep.equal({ ...SIGNED, awaitsResult: true, status: 'abandoned' });
  });
  it('finds a certificate by the number that its serial is', () => {
    const document = fold(requested(), completed({ certificateSerial: '0abc1234' }));
    expect([document?.certificateSerial, document?.certificateNumber]).to.deep.equal(['0abc1234', 'abc1234']);
  });
  it('knows none where there is none', () => {
    expect(fold(...HISTORIES.failed)).to.deep.equal({ ...PENDING, status: 'failed' });
    expect(fold(...HISTORIES.timedOut)).to.deep.equal({ ...PENDING, status: 'timeout' });
  });
  it('never rejects a fact', () => {
    for (const event of [completed(), failed(), reported(), timedOut(), abandoned()]) expect(fold(event), event.type).to.equal(undefined);
  });
  twiceIsTheSame(fold);
});

describe('projection open_signing_operations', () => {
  const fold = folder<OpenOperation, SigningOperationEvent>(openSigningOperations.on);
  const open = { tenant: TENANT, operationId: OPERATION };

  it('holds what is pending, and what waits for its report', () => {
    expect(fold(requested())).to.deep.equal({ ...open, status: 'pending', awaitsResult: false, since: '2026-03-09T14:23:42.100Z' });
    expect(fold(promised, completed())).to.deep.equal({ ...open, status: 'signed', awaitsResult: true, since: '2026-03-09T14:23:44.892Z' });
  });
  it('and nothing that is over', () => {
    for (const name of ['completed', 'failed', 'timedOut', 'reported', 'abandoned'] as const) expect(fold(...HISTORIES[name]), name).to.equal(undefined);
    for (const event of [completed(), failed(), reported(), timedOut(), abandoned()]) expect(fold(event), event.type).to.equal(undefined);
  });
  it('of all tenants together, without mixing them', () => {
    const one = recorded<SigningOperationEvent>(requested());
    expect(openSigningOperations.tenant?.(one)).to.equal(INSTALLATION);
    expect(openSigningOperations.id(one)).to.equal(`${TENANT}/${OPERATION}`);
  });
  twiceIsTheSame(fold);
});

describe('projection open_signing_reservations', () => {
  const period = 'month.2026-03-09T15:00:00.000Z';
  const fold = folder<OpenReservation, SigningQuotaEvent>(openSigningReservations.on, `signing.quota-${TENANT}-${period}/3`);
  const reserved: SigningQuotaEvent = { type: 'SigningReserved', data: { operationId: OPERATION, reservedAt: '2026-03-09T15:00:01.000Z' } };
  const ends: readonly SigningQuotaEvent[] = [{ type: 'SigningSpent', data: { operationId: OPERATION } }, { type: 'SigningReleased', data: { operationId: OPERATION } }];

  it('holds what is reserved and not settled, and in which period', () => {
    expect(fold(reserved)).to.deep.equal({ tenant: TENANT, period, operationId: OPERATION, since: '2026-03-09T15:00:01.000Z' });
    expect(fold(reserved, reserved)).to.deep.equal(fold(reserved));
    for (const end of ends) {
      expect(fold(reserved, end)).to.equal(undefined);
      expect(fold(end)).to.equal(undefined);
    }
  });
});
