import { expect } from 'chai';
import { createEventCodec } from '../../../application/kernel/event-codec.ts';
import { signingEvents } from '../../../application/signing/events.ts';
import { createRecordExport } from '../../../application/signing/record-export.ts';
import { Rejection } from '../../../domain/kernel/rejection.ts';
import { createScriptedStore } from '../../support/scripted-store.ts';
import { credential, tenantView, USER } from '../../support/signing.ts';

const CAUSE = { actor: { kind: 'credential', id: credential().credentialId }, correlation: 'request-1' } as const;

const setUp = () => {
  const store = createScriptedStore();
  const record = createRecordExport({ store, clock: { now: () => Date.parse('2026-03-09T23:59:59.999Z') } });
  return { store, record };
};

describe('record export', () => {
  it('says who took what, on the stream of the day', async () => {
    const { store, record } = setUp();
    await record(credential(), { status: 'failed' }, CAUSE);
    await record(credential(), {}, CAUSE);
    expect(store.log.map(({ stream }) => stream)).to.deep.equal(Array(2).fill(`signing.exports-${tenantView().id}-2026-03-09`));
    expect(store.log[0]?.data).to.deep.equal({
      actorUserId: USER,
      by: { kind: 'credential', id: credential().credentialId },
      filters: { status: 'failed' },
      exportedAt: '2026-03-09T23:59:59.999Z',
    });
    const codec = createEventCodec(signingEvents);
    for (const event of store.log) expect(codec.decode(codec.encode(event)).data).to.deep.equal(event.data);
  });

  it('rejects when that cannot be recorded', async () => {
    const { store, record } = setUp();
    store.plan.push(new Rejection('storage.unavailable'));
    const refused = await record(credential(), {}, CAUSE).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(Rejection).with.property('code', 'storage.unavailable');
  });
});
