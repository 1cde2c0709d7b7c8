import { expect } from 'chai';
import { pace, pacedOf, paceRetryAfter, signedInWindow } from '../../../domain/signing/pace.ts';
import type { PaceEvent } from '../../../domain/signing/pace.events.ts';
import { specification } from '../../support/specification.ts';

const BASE = Date.parse('2026-03-09T14:00:00.000Z');
const at = (second: number): string => new Date(BASE + second * 1_000).toISOString();
const { given } = specification(pace);
type Given = readonly [operationId: string, second: number];
const opened = (...signings: readonly Given[]) =>
  ({ type: 'PaceOpened', data: { revision: 0, count: 2, windowSeconds: 60, signings: signings.map(([operationId, second]) => ({ operationId, at: at(second) })) } }) as const;
const open = (...signings: readonly Given[]) => ({ type: 'OpenPace', data: opened(...signings).data }) as const;
const taken = (operationId: string, second: number) => ({ type: 'PaceTaken', data: { operationId, at: at(second) } }) as const;
const take = (operationId: string, second: number) => ({ type: 'TakePace', data: { operationId, at: at(second) }, revision: 0 }) as const;
const returned = (operationId: string) => ({ type: 'PaceReturned', data: { operationId } }) as const;
const giveBack = (operationId: string) => ({ type: 'ReturnPace', data: { operationId } }) as const;
const closed = { type: 'PaceClosed', data: { closedAt: at(0) } } as const;
const close = { type: 'ClosePace', data: { closedAt: at(0) } } as const;
const fold = (...events: readonly PaceEvent[]) => events.reduce(pace.evolve, pace.initialState);
const refused = (retryAfter: number) => ['signing.policy_user_rate', { retryAfter }] as const;

describe('pace', () => {
  it('is opened with what was in the window before', () => given().when(open(['a', -5])).then(opened(['a', -5])));
  it('takes as many as the limit', () => given(opened(), taken('a', 1)).when(take('b', 2)).then(taken('b', 2)));
  it('and no more', () => given(opened(), taken('a', 1), taken('b', 2)).when(take('c', 3)).rejected(...refused(58)));
  it('counts what was before', () => given(opened(['a', -5], ['b', -4])).when(take('c', 3)).rejected(...refused(52)));
  it('refuses until the oldest leaves the window', () => given(opened(), taken('a', 1), taken('b', 2)).when(take('c', 60)).rejected(...refused(1)));
  it('takes again at that very moment', () => given(opened(), taken('a', 1), taken('b', 2)).when(take('c', 61)).then(taken('c', 61)));
  it('refuses a second sooner, and keeps its word after', () => {
    const state = fold(opened(['x', -30], ['y', -20], ['z', -10]));
    const wait = paceRetryAfter(state, BASE);
    expect(wait).to.equal(40);
    expect(signedInWindow(state, 'new', BASE + (wait - 1) * 1_000)).to.equal(2);
    expect(signedInWindow(state, 'new', BASE + wait * 1_000)).to.equal(1);
  });
  it('takes what was given back', () => given(opened(), taken('a', 1), taken('b', 2), returned('a')).when(take('c', 3)).then(taken('c', 3)));
  it('counts what lies in the future when the clock has gone back', () => given(opened(), taken('a', 100), taken('b', 101)).when(take('c', 3)).rejected(...refused(157)));
  it('does not count an operation against itself', () => {
    expect(signedInWindow(fold(opened(), taken('a', 1)), 'a', BASE + 2_000)).to.equal(0);
    expect(signedInWindow(fold(opened(), taken('a', 1)), 'b', BASE + 2_000)).to.equal(1);
  });
  it('takes nothing before it is opened, and nothing after it is closed', () => {
    given().when(take('a', 1)).rejected('signing.pace_closed');
    given(opened(), closed).when(take('a', 1)).rejected('signing.pace_closed');
    given(closed).when(open()).nothing();
  });
  it('hands over what it holds', () => expect(pacedOf(fold(opened(['a', -5]), taken('b', 2), closed))).to.deep.equal([taken('b', 2).data, opened(['a', -5]).data.signings[0]].toReversed()));

  describe('twice is safe', () => {
    it('OpenPace', () => given().twice(open(['a', 1])));
    it('TakePace', () => given(opened()).twice(take('a', 1)));
    it('TakePace at the limit', () => given(opened(), taken('a', 1), taken('b', 2)).when(take('b', 3)).nothing());
    it('ReturnPace', () => given(opened(), taken('a', 1)).twice(giveBack('a')));
    it('ReturnPace of what was never taken', () => given(opened()).when(giveBack('a')).nothing());
    it('ClosePace', () => given(opened()).twice(close));
  });

  it('holds no more than the window, however much it sees', () => {
    let state = fold(opened());
    for (let second = 0; second < 10_000; second += 30) state = pace.evolve(state, taken(`op-${second}`, second));
    expect(state.places).to.have.length(2);
  });

  it('tolerates events that it does not know', () => {
    const state = fold(opened());
    expect(pace.evolve(state, { type: 'signing.Later.v9', data: {} } as never)).to.equal(state);
  });
});
