/** Every request that somebody who may sign is refused leaves one record of it, whoever refuses, and nothing where it would be folded. */
import { expect } from 'chai';
import { createSigningOperations } from '../../../application/signing/operations.ts';
import type { SigningPlaces } from '../../../application/signing/ports.ts';
import { createSigningQuotas } from '../../../application/signing/quota.ts';
import { createRecordRefusal } from '../../../application/signing/refusals.ts';
import { createSignDigest, type SignDigestDeps } from '../../../application/signing/sign-digest.ts';
import type { SigningPrincipal } from '../../../application/signing/authorise.ts';
import type { PlanState } from '../../../application/tenancy/access.ts';
import { reject, Rejection } from '../../../domain/kernel/rejection.ts';
import { createScriptedStore } from '../../support/scripted-store.ts';
import { DIGEST, OPERATION, person, qwickPlan, tenantView, UNLIMITED, USER } from '../../support/signing.ts';

const START = Date.parse('2026-03-09T14:23:42.100Z');
const CAUSE = { actor: { kind: 'person', id: USER }, correlation: 'request-1' } as const;
const REQUEST = { commandId: OPERATION, digest: Buffer.from(DIGEST, 'base64'), fileName: 'a.exe', fileSize: 7, ip: '192.0.2.7', reason: 'Release' };
const STREAM = `signing.refusals-${tenantView().id}-2026-03-09`;

const onPlan = (plan: Partial<PlanState>): SigningPrincipal => person({ tenant: tenantView({ plans: qwickPlan(plan) }) });

const setUp = (over: Partial<SignDigestDeps> = {}) => {
  const store = createScriptedStore();
  const time = { now: START };
  const clock = { now: () => time.now };
  const signDigest = createSignDigest({
    ...UNLIMITED,
    operations: createSigningOperations(store), quotas: createSigningQuotas({ store, clock }), clock, ids: { next: () => OPERATION },
    backend: { sign: () => Promise.reject(new Rejection('signing.backend_provisioning', { retryAfter: 3 })) },
    recordRefusal: createRecordRefusal({ store, personalData: { seal: async ({ id }, { place }, plaintext) => ({ subject: id, box: `${place} ${plaintext}` }) } }),
    personalData: { seal: async ({ id }) => ({ subject: id, box: 'sealed' }) },
    ...over,
  });
  const ask = async (principal: SigningPrincipal): Promise<string> => {
    const outcome = await signDigest(principal, REQUEST, CAUSE).catch((error: unknown) => error);
    return outcome instanceof Rejection ? outcome.code : String(outcome);
  };
  return { store, time, ask, refusals: () => store.log.filter(({ type }) => type === 'SigningRefused') };
};

const full: SigningPlaces = { take: async () => reject('signing.queue_timeout', { retryAfter: 5 }) };

describe('a refused request to sign', () => {
  const cases: Readonly<Record<string, readonly [SigningPrincipal, Partial<SignDigestDeps>]>> = {
    'signing.subscription_cancelled': [onPlan({ status: 'cancelled' }), {}],
    'signing.limit_reached': [onPlan({ limits: { signingOperations: 0 } }), {}],
    'signing.free_limit_reached': [onPlan({ plan: 'free', limits: { signingOperations: 0 } }), {}],
    'signing.queue_timeout': [onPlan({}), { places: full }],
  };
  for (const [code, [principal, over]] of Object.entries(cases)) {
    it(`leaves one record with the facts that rules read, and no operation: ${code}`, async () => {
      const { store, ask, refusals } = setUp(over);
      expect(await ask(principal)).to.equal(code);
      expect(refusals().map(({ stream, data }) => ({ stream, data }))).to.deep.equal([{
        stream: STREAM,
        data: {
          attemptId: OPERATION, code, actorUserId: USER, by: { kind: 'session', id: 'session-1' }, secondFactor: false, digest: DIGEST, fileName: 'a.exe', fileSize: 7,
          source: 'cli', reason: 'Release', address: { subject: USER, box: `${STREAM}#address#${OPERATION} 192.0.2.7` }, refusedAt: '2026-03-09T14:23:42.100Z',
        },
      }]);
      expect(store.log.map(({ type }) => type)).to.not.include('SigningRequested');
      expect(store.log.at(-1)?.cause).to.deep.equal(CAUSE);
    });
  }

  it('is a fact of the moment when it was asked, not of the one when it was told', async () => {
    const { time, ask, refusals } = setUp({ places: { take: async () => { time.now += 30_000; return reject('signing.queue_timeout'); } } });
    await ask(onPlan({}));
    expect(refusals()[0]?.data).to.have.property('refusedAt', '2026-03-09T14:23:42.100Z');
  });

  it('remembers that it had been approved', async () => {
    const { ask, refusals } = setUp({ rules: { ...UNLIMITED.rules, look: () => ({ approved: true }) }, places: full });
    await ask(onPlan({}));
    expect(refusals()[0]?.data).to.have.property('approved', true);
  });

  it('gives back what it held before it is recorded, and is not told when it cannot be', async () => {
    const { store, ask, refusals } = setUp({ places: full });
    store.plan.push('ok', 'ok', new Rejection('storage.unavailable'));
    expect(await ask(onPlan({}))).to.equal('storage.unavailable');
    expect(store.log.map(({ type }) => type)).to.deep.equal(['SigningReserved', 'SigningReleased']);
    expect(await ask(onPlan({}))).to.equal('signing.queue_timeout');
    expect(refusals()).to.have.length(1);
  });

  it('leaves nothing that is folded when the quota refuses, however often', async () => {
    const { store, ask } = setUp();
    for (let times = 0; times < 50; times += 1) await ask(onPlan({ limits: { signingOperations: 0 } }));
    expect(new Set(store.log.map(({ stream }) => stream))).to.deep.equal(new Set([STREAM]));
    expect(store.log).to.have.length(50);
  });

  const others: Readonly<Record<string, readonly [SigningPrincipal, Partial<SignDigestDeps>]>> = {
    'who may not sign': [person({ role: 'viewer' }), {}],
    'whose key was revoked while it waited': [person(), { access: { current: async () => reject('tenancy.credential_revoked') } }],
    'who has gone while it waited': [person(), { places: { take: async () => reject('request.timeout') } }],
    'whose signature the backend did not make': [person(), {}],
  };
  for (const [who, [principal, over]] of Object.entries(others)) {
    it(`is none of somebody ${who}`, async () => {
      const { ask, refusals } = setUp(over);
      expect(await ask(principal)).to.be.oneOf(['signing.forbidden', 'tenancy.credential_revoked', 'request.timeout', 'signing.backend_provisioning']);
      expect(refusals()).to.deep.equal([]);
    });
  }
});
