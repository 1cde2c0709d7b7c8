import { expect } from 'chai';
import type { SessionEvent } from '../../../domain/tenancy/session.events.ts';
import { session, type RefreshSession } from '../../../domain/tenancy/session.ts';
import { specification } from '../../support/specification.ts';

const day = (n: number): string => new Date(Date.UTC(2026, 0, n)).toISOString();

describe('a session', () => {
  const { given } = specification(session);
  const data = { userId: 'ann', term: 1, amr: ['pwd'], refreshHash: 'h1', refreshUntil: day(31), endsAt: day(60) };
  const opened: SessionEvent = { type: 'SessionOpened', data };
  const refreshed = (refreshHash: string, refreshUntil = day(40)): SessionEvent => ({ type: 'SessionRefreshed', data: { refreshHash, refreshUntil } });
  const reused: SessionEvent = { type: 'SessionEnded', data: { reason: 'refresh_reused' } };
  const refresh = (presented: string, next: string, at = day(10), nextUntil = day(40)): RefreshSession => ({
    type: 'RefreshSession',
    data: { presented, next, at, nextUntil },
  });

  it('is opened once', () => {
    given().when({ type: 'OpenSession', data }).then(opened);
    given().twice({ type: 'OpenSession', data });
  });

  it('goes on with a new refresh token for the newest one', () => {
    given(opened).when(refresh('h1', 'h2')).then(refreshed('h2'));
    given(opened).twice(refresh('h1', 'h2'));
    given(opened, refreshed('h2')).when(refresh('h2', 'h3')).then(refreshed('h3'));
  });

  it('ends with all its tokens when one comes back after its use', () => {
    given(opened, refreshed('h2')).when(refresh('h1', 'h3')).then(reused);
    given(opened, refreshed('h2'), refreshed('h3')).when(refresh('h1', 'h4')).then(reused);
    given(opened, refreshed('h2'), reused).when(refresh('h2', 'h3')).rejected('tenancy.refresh_invalid');
  });

  it('takes a hundred thousand refreshes in linear time, and knows the first token still', () => {
    let state = session.evolve(session.initialState, opened);
    // Copying what was used with each of them would take minutes.
    for (let n = 2; n < 100_000; n += 1) state = session.evolve(state, refreshed(`h${n}`));
    expect(session.decide(refresh('h1', 'new'), state)).to.deep.equal([reused]);
    expect(session.decide(refresh('h99999', 'new'), state)).to.deep.equal([refreshed('new')]);
  }).timeout(2_000);

  it('does not end by a token that never was its own', () => {
    given(opened).when(refresh('forged', 'h2')).rejected('tenancy.refresh_invalid');
    given().when(refresh('h1', 'h2')).rejected('tenancy.refresh_invalid');
  });

  it('is over when a token was not used in time, and at its end in any case', () => {
    given(opened).when(refresh('h1', 'h2', day(31))).rejected('tenancy.refresh_invalid');
    given(opened).when(refresh('h1', 'h2', day(30), day(70))).then(refreshed('h2', day(60)));
  });

  it('is ended once', () => {
    given(opened).when({ type: 'EndSession', data: { reason: 'signed_out' } }).then({ type: 'SessionEnded', data: { reason: 'signed_out' } });
    given(opened).twice({ type: 'EndSession', data: { reason: 'signed_out' } });
    given().when({ type: 'EndSession', data: { reason: 'signed_out' } }).rejected('tenancy.session_unknown');
  });
});
