import { expect } from 'chai';
import type { Position, StreamId } from '../../../domain/kernel/ids.ts';
import { signingAttempts, type AttemptDocument } from '../../../projections/signing/attempts.ts';
import type { Message } from '../../../domain/kernel/decider.ts';
import { completed, DIGEST, failed, OPERATION, requested, tenantView, USER } from '../../support/signing.ts';

const refused = {
  type: 'SigningRefused',
  data: {
    attemptId: OPERATION, code: 'signing.policy_lockdown', actorUserId: USER, by: { kind: 'session', id: 's' }, secondFactor: true, digest: DIGEST, fileName: 'a.exe', fileSize: 7,
    source: 'api', reason: 'Release', address: { subject: USER, box: 'sealed' }, refusedAt: '2026-03-09T14:23:42.100Z',
  },
} as const;
const used = { type: 'ApprovalUsed', data: { approvalId: 'one', operationId: OPERATION, usedAt: '2026-03-09T14:23:42.000Z' } } as const;
const returned = { type: 'ApprovalReturned', data: { approvalId: 'one', operationId: OPERATION } } as const;
const timedOut = { type: 'SigningTimedOut', data: { operationId: OPERATION, timedOutAt: '2026-03-09T14:24:42.100Z' } } as const;

type Handler = (document: AttemptDocument | undefined, recorded: object) => AttemptDocument | undefined;
const apply = (document: AttemptDocument | undefined, event: Message, index: number): AttemptDocument | undefined => {
  const envelope = { id: 'e', stream: 's' as StreamId, tenant: tenantView().id, revision: 0, position: `${index + 1}` as Position, time: '1999-01-01T00:00:00.000Z' };
  const handler = (signingAttempts.on as Readonly<Record<string, Handler | undefined>>)[event.type];
  return handler === undefined ? document : handler(document, { ...event, ...envelope });
};
const given = (...events: readonly Message[]) => events.reduce<AttemptDocument | undefined>(apply, undefined);

const FACTS = { actorUserId: USER, secondFactor: false, source: 'cli', fileName: 'MyApp.exe', fileSize: 2_048_576, reason: null, address: { subject: USER, box: 'sealed' } } as const;

describe('projection signing_attempts', () => {
  it('holds what was let through', () =>
    expect(given(requested(), completed())).to.deep.equal({ id: OPERATION, at: '2026-03-09T14:23:42.100Z', approved: false, facts: { ...FACTS, outcome: 'let_through', position: '1' } }));
  it('holds what was refused', () =>
    expect(given(refused)).to.deep.equal({
      id: OPERATION, at: '2026-03-09T14:23:42.100Z', approved: false,
      facts: { ...FACTS, outcome: 'refused', position: '1', secondFactor: true, source: 'api', fileName: 'a.exe', fileSize: 7, reason: 'Release' },
    }));
  for (const code of ['signing.subscription_cancelled', 'signing.limit_reached', 'signing.free_limit_reached', 'signing.queue_timeout']) {
    it(`holds whom plan or queue turned away: ${code}`, () => {
      expect(given({ ...refused, data: { ...refused.data, code } })).to.have.nested.property('facts.outcome', 'turned_away');
      const approved = { ...refused, data: { ...refused.data, code, approved: true } };
      expect(given(used, returned, approved), 'though approved').to.deep.include({ approved: true, at: '2026-03-09T14:23:42.100Z' });
    });
  }
  it('knows what went ahead on an approval', () => expect(given(used, requested())).to.deep.include({ approved: true, at: '2026-03-09T14:23:42.100Z' }));
  it('is no attempt yet while only its approval is known', () => expect(given(used)).to.deep.include({ at: null, facts: null }));
  it('drops what got no signature', () => {
    for (const end of [failed(), timedOut]) expect(given(used, requested(), end)).to.equal(undefined);
    expect(given(used, requested(), failed(), returned)).to.equal(undefined);
    expect(given(used, returned)).to.equal(undefined);
  });
  it('never rejects a fact: an end without its beginning is none of its documents', () => {
    for (const event of [failed(), timedOut, returned]) expect(given(event)).to.equal(undefined);
  });
  it('is found by the moment it was asked', () => expect(signingAttempts.indexes).to.deep.equal([['at']]));
  it('belongs to its operation, or to the one that would have begun', () => {
    const idOf = signingAttempts.id as (recorded: object) => string | undefined;
    for (const event of [requested(), refused, used, returned, failed(), timedOut]) expect(idOf(event)).to.equal(OPERATION);
  });
});
