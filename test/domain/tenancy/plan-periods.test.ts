/** A plan's running period and its end: what `SetPlan` remembers of them. */
import { expect } from 'chai';
import { openingPlans, statusAt } from '../../../domain/tenancy/plans.ts';
import { tenant, type SetPlan } from '../../../domain/tenancy/tenant.ts';
import type { TenantCreated } from '../../../domain/tenancy/tenant.events.ts';
import type { PlanState } from '../../../domain/tenancy/terms.ts';
import { specification } from '../../support/specification.ts';

const at = '2026-03-01T00:00:00.000Z';
const noon = '2026-03-20T12:00:00.000Z';
const later = '2026-04-01T00:00:00.000Z';
const onPro: TenantCreated = { type: 'TenantCreated', data: { slug: 'acme', name: 'Acme', plans: openingPlans({ 'qwick-cert': 'pro' }, at) } };
const set = (state: PlanState) => ({ type: 'PlanSet', data: { surface: 'qwick-cert', plan: state } }) as const;

const until = (end: string | undefined, name = 'pro') =>
  ({ plan: name, status: 'active', cancelAtPeriodEnd: false, limits: {}, ...(end !== undefined && { currentPeriodEnd: end }) }) as const;
const move = (end: string | undefined, name?: string): SetPlan => ({ type: 'SetPlan', data: { surface: 'qwick-cert', plan: until(end, name), at: noon } });

const terms = (more: object = {}) => ({ plan: 'pro', status: 'active', cancelAtPeriodEnd: true, limits: {}, ...more }) as const;
const cancel = (more: object = {}): SetPlan => ({ type: 'SetPlan', data: { surface: 'qwick-cert', plan: terms(more), at: noon } });

describe('a plan', () => {
  const { given } = specification(tenant);

  describe('whose period\'s end is moved', () => {
    const cases: readonly (readonly [string, string, { start: string; end: string }])[] = [
      ['later', '2026-04-10T00:00:00.000Z', { start: at, end: '2026-04-10T00:00:00.000Z' }],
      ['earlier', '2026-03-25T00:00:00.000Z', { start: at, end: '2026-03-25T00:00:00.000Z' }],
      ['into the past, where the period ends with the step from there', '2026-03-10T00:00:00.000Z', { start: at, end: '2026-04-10T00:00:00.000Z' }],
      ['far ahead, where it is counted by the step, not less than one', '2026-12-21T00:00:00.000Z', { start: at, end: '2026-04-21T00:00:00.000Z' }],
    ];
    for (const [name, end, period] of cases) {
      it(`${name}: keeps its start`, () => {
        given(onPro).when(move(end)).then(set({ ...until(end), since: at, period }));
        given(onPro).twice(move(end));
      });
    }

    it('keeps it however often it is moved, and when the end is taken back', () => {
      const once = set({ ...until('2026-04-10T00:00:00.000Z'), since: at, period: { start: at, end: '2026-04-10T00:00:00.000Z' } });
      const end = '2026-05-02T00:00:00.000Z';
      given(onPro, once).when(move(end)).then(set({ ...until(end), since: at, period: { start: at, end: '2026-04-02T00:00:00.000Z' } }));
      given(onPro, once).when(move(undefined)).then(set({ ...until(undefined), since: at }));
    });

    it('goes on from events that know of no period', () => {
      const old = set({ ...until('2026-04-09T00:00:00.000Z'), since: at });
      const end = '2026-04-12T00:00:00.000Z';
      given(onPro, old).when(move(end)).then(set({ ...until(end), since: at, period: { start: '2026-03-09T00:00:00.000Z', end } }));
    });

    it('begins a new one with another name, whatever its end', () => {
      const end = '2026-04-09T00:00:00.000Z';
      const old = set({ ...until(end), since: at });
      given(onPro, old).when(move(end, 'enterprise')).then(set({ ...until(end, 'enterprise'), since: noon, period: { start: noon, end } }));
    });
  });

  describe('that is cancelled at the end of its period', () => {

    it('remembers when that is, however often it is said', () => {
      given(onPro).when(cancel()).then(set({ ...terms(), since: at, endsAt: later }));
      given(onPro).twice(cancel());
      const inMay = { ...cancel(), data: { ...cancel().data, at: '2026-05-05T00:00:00.000Z' } };
      given(onPro, set({ ...terms(), since: at, endsAt: later })).when(inMay).nothing();
    });

    it('ends when the operator says, also in the past', () => {
      const currentPeriodEnd = '2026-03-19T00:00:00.000Z';
      given(onPro).when(cancel({ currentPeriodEnd })).then(set({ ...terms({ currentPeriodEnd }), since: at, period: { start: at, end: '2026-04-19T00:00:00.000Z' }, endsAt: currentPeriodEnd }));
    });

    it('goes on when that is taken back', () => {
      const back = { ...cancel(), data: { ...cancel({ cancelAtPeriodEnd: false }).data } };
      given(onPro, set({ ...terms(), since: at, endsAt: later })).when(back).then(set({ ...terms({ cancelAtPeriodEnd: false }), since: at }));
    });

    it('is cancelled from that moment on', () => {
      const ending = { ...terms(), since: at, endsAt: later };
      expect(['2026-03-31T23:59:59.999Z', later].map((now) => statusAt(ending, Date.parse(now)))).to.deep.equal(['active', 'cancelled']);
      const { endsAt: _, ...older } = { ...ending, currentPeriodEnd: later };
      expect(statusAt(older, Date.parse(later)), 'set before ends were remembered').to.equal('cancelled');
      expect(statusAt({ ...older, cancelAtPeriodEnd: false }, Date.parse(later))).to.equal('active');
    });
  });
});
