/** What the policy's gate takes for a request comes back when there is no signature, and only then. */
import { expect } from 'chai';
import { createSigningOperations } from '../../../application/signing/operations.ts';
import type { PolicyDraft } from '../../../application/signing/policies.ts';
import type { SignedDigest } from '../../../application/signing/ports.ts';
import { createRecordRefusal } from '../../../application/signing/refusals.ts';
import { createSigningRules, type SigningRules } from '../../../application/signing/rules.ts';
import { createSignDigest } from '../../../application/signing/sign-digest.ts';
import type { SignRequest } from '../../../application/signing/sign-request.ts';
import { Rejection } from '../../../domain/kernel/rejection.ts';
import type { SubjectId } from '../../../domain/kernel/ids.ts';
import { createScriptedStore } from '../../support/scripted-store.ts';
import { credential, DIGEST, OPERATION, person, tenantView, UNLIMITED, USER } from '../../support/signing.ts';

const START = Date.parse('2026-03-09T14:23:42.100Z');
const BOSS = '019aa5c4-6f00-7000-8000-00000000000c' as SubjectId;
const SIGNED: SignedDigest = { pkcs7: Uint8Array.of(1), certificateChain: [Uint8Array.of(2)], certificateSerial: '0a', timestamp: '2026-03-09T14:23:45Z' };
const CAUSE = { actor: { kind: 'person', id: USER }, correlation: 'test' } as const;
const idOf = (number: number): string => `019aa5c4-6f00-7000-8000-${String(number).padStart(12, '0')}`;

/** What happens while a request waits for a place. */
type Wait = (world: Readonly<{ rules: SigningRules; knobs: { now: number } }>) => Promise<unknown>;

const setUp = async (draft: PolicyDraft, wait: Wait = async () => undefined) => {
  const store = createScriptedStore();
  const knobs = { now: START, sign: async (): Promise<SignedDigest> => SIGNED, sealed: async (): Promise<unknown> => undefined };
  const clock = { now: () => knobs.now };
  let made = 100;
  const ids = { next: () => idOf((made += 1)) };
  const members = new Map([[BOSS, { role: 'viewer', term: 1 }]] as const);
  const rules = createSigningRules({
    store, clock, ids,
    memberships: { load: async () => ({ state: { members } as never, revision: 0 }) },
    personalData: { find: async () => undefined },
    // The read model: it shows what has begun, and not what is about to.
    recent: async () => {
      const over = new Set(store.log.filter(({ type }) => type === 'SigningFailed').map(({ stream }) => stream));
      const begun = store.log.filter(({ type, stream }) => type === 'SigningRequested' && !over.has(stream));
      return begun.map(({ data }) => data as { operationId: string; requestedAt: string }).map(({ operationId, requestedAt }) => ({ operationId, at: requestedAt }));
    },
  });
  await rules.policies.set(tenantView().id, draft, CAUSE);
  const signDigest = createSignDigest({
    ...UNLIMITED, operations: createSigningOperations(store), rules, backend: { sign: () => knobs.sign() }, clock, ids,
    places: { take: async () => { await wait({ rules, knobs }); return () => undefined; } },
    recordRefusal: createRecordRefusal({ store, personalData: { seal: async ({ id }, { place }, plaintext) => ({ subject: id, box: `${place} ${plaintext}` }) } }),
    personalData: { seal: async ({ id }) => { await knobs.sealed(); return { subject: id, box: 'sealed' }; } },
  });
  const request: SignRequest = { commandId: OPERATION, digest: Buffer.from(DIGEST, 'base64'), fileName: 'a.exe', fileSize: 1, ip: '192.0.2.7' };
  const sign = async (number: number, over: Partial<SignRequest> = {}): Promise<string> => {
    try {
      return (await signDigest(person(), { ...request, commandId: idOf(number), ...over }, CAUSE)).operationId;
    } catch (error) {
      return error instanceof Rejection ? error.code : String(error);
    }
  };
  const approve = async (): Promise<void> => {
    const asked = store.log.findLast(({ type }) => type === 'ApprovalRequested')?.data as { approvalId: string };
    await rules.approvals.decide(tenantView().id, { approvalId: asked.approvalId, requesterUserId: USER, digest: DIGEST }, { by: { kind: 'person', userId: BOSS, role: 'viewer' }, verdict: 'granted', cause: CAUSE });
  };
  return { store, knobs, sign, approve, rules, types: () => store.log.map(({ type }) => type) };
};

const APPROVAL: PolicyDraft = { approval: { enabled: true, approvers: [BOSS] } };
const RATE: PolicyDraft = { perUserLimit: { count: 1, windowSeconds: 60 } };
const transient = () => Promise.reject(new Rejection('signing.backend_transient'));
const asking = (types: readonly string[]) => types.filter((type) => type === 'ApprovalRequested').length;
const full = () => new Rejection('storage.unavailable');

describe('the gate of the policy', () => {
  it('costs an organization without a policy nothing', async () => {
    const { sign, types } = await setUp({});
    expect(await sign(1)).to.equal(idOf(1));
    expect(types()).to.deep.equal(['SigningRequested', 'SigningCompleted']);
  });

  it('appends, in this order, what a request under every rule takes', async () => {
    const { sign, approve, types } = await setUp({ ...APPROVAL, ...RATE });
    expect(await sign(1)).to.equal('signing.policy_approval');
    await approve();
    expect(await sign(2)).to.equal(idOf(2));
    expect(types()).to.deep.equal([
      'SigningPolicySet', 'PaceClosed', 'PaceOpened', 'ApprovalRequested', 'SigningRefused', 'ApprovalGranted', 'PaceTaken', 'ApprovalUsed', 'SigningRequested', 'SigningCompleted',
    ]);
  });

  it('gives place and approval back when the backend makes no signature', async () => {
    const { sign, approve, knobs, types } = await setUp({ ...APPROVAL, ...RATE });
    await sign(1);
    await approve();
    knobs.sign = transient;
    expect(await sign(2)).to.equal('signing.backend_transient');
    expect(types().slice(-5)).to.deep.equal(['ApprovalUsed', 'SigningRequested', 'SigningFailed', 'ApprovalReturned', 'PaceReturned']);
    knobs.sign = async () => SIGNED;
    expect(await sign(3)).to.equal(idOf(3));
    expect(await sign(4)).to.equal('signing.policy_user_rate');
  });

  it('gives them back when the intent cannot be recorded', async () => {
    const { sign, approve, store } = await setUp({ ...APPROVAL, ...RATE });
    await sign(1);
    await approve();
    store.plan.push('ok', 'ok', full());
    expect(await sign(2)).to.equal('storage.unavailable');
    expect(await sign(3)).to.equal(idOf(3));
  });

  it('gives the place back when the approval cannot be used', async () => {
    const { sign, approve, store, types } = await setUp({ ...APPROVAL, ...RATE });
    await sign(1);
    await approve();
    store.plan.push('ok', full());
    expect(await sign(2)).to.equal('storage.unavailable');
    expect(types().at(-1)).to.equal('PaceReturned');
  });

  it('keeps them when the completion cannot be recorded, and the same command takes up its operation', async () => {
    const { sign, approve, store } = await setUp({ ...APPROVAL, ...RATE });
    await sign(1);
    await approve();
    store.plan.push('ok', 'ok', 'ok', full());
    expect(await sign(2)).to.equal('storage.unavailable');
    expect(await sign(3), 'another request').to.equal('signing.policy_user_rate');
    expect(await sign(2), 'the same command').to.equal(idOf(2));
  });

  describe('an approval is one signature', () => {
    it('whoever asks while it is being used takes nothing away: when the backend fails it is there again', async () => {
      const { sign, approve, knobs, types } = await setUp(APPROVAL);
      await sign(1);
      await approve();
      const answer = Promise.withResolvers<SignedDigest>();
      const entered = Promise.withResolvers<void>();
      knobs.sign = () => { entered.resolve(); return answer.promise; };
      const first = sign(2);
      await entered.promise;
      expect([await sign(3), await sign(4)]).to.deep.equal(['signing.policy_approval', 'signing.policy_approval']);
      answer.reject(new Rejection('signing.backend_failed'));
      expect([await first, asking(types())]).to.deep.equal(['signing.backend_failed', 1]);
      knobs.sign = async () => SIGNED;
      expect(await sign(5)).to.equal(idOf(5));
      expect([await sign(6), asking(types())], 'it is spent now, and another is asked for').to.deep.equal(['signing.policy_approval', 2]);
    });

    it('a process that died with it in hand gives it back when the operation\'s time is over', async () => {
      const { sign, approve, knobs } = await setUp(APPROVAL);
      await sign(1);
      await approve();
      const entered = Promise.withResolvers<void>();
      knobs.sign = () => { entered.resolve(); return new Promise(() => undefined); };
      void sign(2);
      await entered.promise;
      knobs.sign = async () => SIGNED;
      knobs.now += 59_999;
      expect(await sign(3)).to.equal('signing.policy_approval');
      knobs.now += 1;
      expect(await sign(4)).to.equal(idOf(4));
    });

    it('also one that died before its intent, or could not store that it gives it back', async () => {
      const { sign, approve, knobs, store, types } = await setUp(APPROVAL);
      await sign(1);
      await approve();
      store.plan.push('ok', full(), full());
      expect(await sign(2)).to.equal('storage.unavailable');
      expect(types().at(-1)).to.equal('ApprovalUsed');
      expect(await sign(3)).to.equal('signing.policy_approval');
      knobs.now += 60_000;
      expect(await sign(4)).to.equal(idOf(4));
      expect(await sign(2), 'the dead one\'s operation is closed: its command begins anew, and has nothing left').to.equal('signing.policy_approval');
    });
  });

  it('does not tell a refusal that cannot be recorded', async () => {
    const { sign, store, types } = await setUp({ lockdown: true });
    store.plan.push(full());
    expect(await sign(1)).to.equal('storage.unavailable');
    expect(types()).to.deep.equal(['SigningPolicySet']);
    expect(await sign(1)).to.equal('signing.policy_lockdown');
    expect(types()).to.deep.equal(['SigningPolicySet', 'SigningRefused']);
  });

  it('seals the address of a refused request for its place', async () => {
    const { sign, store } = await setUp({ lockdown: true });
    await sign(1);
    const refused = store.log.at(-1);
    expect(refused?.stream).to.equal(`signing.refusals-${tenantView().id}-2026-03-09`);
    expect(refused?.data).to.deep.include({
      attemptId: idOf(1), code: 'signing.policy_lockdown', actorUserId: USER, secondFactor: false, refusedAt: '2026-03-09T14:23:42.100Z',
      address: { subject: USER, box: `signing.refusals-${tenantView().id}-2026-03-09#address#${idOf(1)} 192.0.2.7` },
    });
  });

  it('is not asked by who may not sign', async () => {
    const { rules, types } = await setUp({ lockdown: true });
    const store = createScriptedStore();
    const signDigest = createSignDigest({
      ...UNLIMITED, operations: createSigningOperations(store), rules, backend: { sign: async () => SIGNED }, clock: { now: () => START }, ids: { next: () => OPERATION },
      personalData: { seal: async ({ id }) => ({ subject: id, box: 'sealed' }) },
    });
    const request: SignRequest = { commandId: OPERATION, digest: Buffer.from(DIGEST, 'base64'), fileName: 'a.exe', fileSize: 1, ip: '192.0.2.7' };
    const outcome = await signDigest(credential({ permissions: ['read_audit'] }), request, CAUSE).catch((error: unknown) => error);
    expect((outcome as Rejection).code).to.equal('signing.forbidden');
    expect(types()).to.deep.equal(['SigningPolicySet']);
  });

  describe('judges again when its turn has come', () => {
    const meanwhile: Readonly<Record<string, PolicyDraft>> = {
      'signing.policy_reason': { requireReason: true },
      'signing.policy_lockdown': { lockdown: true },
      'signing.policy_address': { ipAllowlist: ['198.51.100.1'] },
      'signing.policy_second_factor': { requireSecondFactor: true },
      'signing.policy_hours': { signingHours: { timezone: 'UTC', from: '09:00', to: '10:00' } },
      'signing.policy_source': { allowedSources: ['github_action'] },
      'signing.policy_extension': { allowedExtensions: ['msi'] },
      'signing.policy_file_size': { maxFileSize: 6 },
      'signing.policy_approval': APPROVAL,
    };
    for (const [code, draft] of Object.entries(meanwhile)) {
      it(`by a policy that was set while it waited: ${code}, recorded once, nothing signed`, async () => {
        const { sign, store } = await setUp({}, ({ rules }) => rules.policies.set(tenantView().id, draft, CAUSE));
        expect(await sign(1, { fileSize: 7 })).to.equal(code);
        const left = store.log.filter(({ type }) => type.startsWith('Signing') && type !== 'SigningPolicySet');
        expect(left.map(({ type, data }) => [type, (data as { code: string }).code])).to.deep.equal([['SigningRefused', code]]);
      });
    }

    it('by the clock: the hours may be over', async () => {
      const { sign } = await setUp({ signingHours: { timezone: 'UTC', from: '14:00', to: '14:24' } }, async ({ knobs }) => { knobs.now += 30_000; });
      expect(await sign(1)).to.equal('signing.policy_hours');
    });

    it('by a limit that was set while it waited, in which it counts from then on', async () => {
      let waited = 0;
      const { sign } = await setUp({ maxFileSize: 10 }, async ({ rules }) => ((waited += 1) === 2 ? rules.policies.set(tenantView().id, RATE, CAUSE) : undefined));
      expect(await sign(1)).to.equal(idOf(1));
      expect(await sign(2), 'the first counts').to.equal('signing.policy_user_rate');
      expect(await sign(3)).to.equal('signing.policy_user_rate');
    });

    it('and once more when a policy is set before its intent is durable: the key is not used, and it is recorded', async () => {
      const { sign, knobs, rules, types } = await setUp({});
      let used = 0;
      knobs.sign = async () => { used += 1; return SIGNED; };
      knobs.sealed = async () => { knobs.sealed = async () => undefined; return rules.policies.set(tenantView().id, { lockdown: true }, CAUSE); };
      expect(await sign(1)).to.equal('signing.policy_lockdown');
      expect([types(), used]).to.deep.equal([['SigningPolicySet', 'SigningRequested', 'SigningFailed', 'SigningRefused'], 0]);
    });

    it('and lets it go on when that policy allows it', async () => {
      const { sign, knobs, rules, types } = await setUp({});
      knobs.sealed = async () => { knobs.sealed = async () => undefined; return rules.policies.set(tenantView().id, RATE, CAUSE); };
      expect(await sign(1)).to.equal(idOf(1));
      expect(types()).to.deep.equal(['SigningPolicySet', 'SigningRequested', 'PaceClosed', 'PaceOpened', 'PaceTaken', 'SigningCompleted']);
      expect(await sign(2)).to.equal('signing.policy_user_rate');
    });

    for (const what of ['waits for a place', 'is about to record its intent', 'is being signed']) {
      it(`lets no more through than the limit, whatever policy is set while one ${what}`, async () => {
        const both = Promise.withResolvers<void>();
        const held: string[] = [];
        const hold = async (here: string): Promise<void> => { if (here === what) { held.push(here); await both.promise; } };
        const { sign, knobs, rules } = await setUp({ perUserLimit: { count: 6, windowSeconds: 3_600 } }, async () => hold('waits for a place'));
        knobs.sealed = async () => hold('is about to record its intent');
        knobs.sign = async () => { await hold('is being signed'); return SIGNED; };
        const first = [1, 2, 3, 4, 5].map((number) => sign(number));
        while (held.length < 5) await new Promise((done) => { setImmediate(done); });
        await rules.policies.set(tenantView().id, { perUserLimit: { count: 6, windowSeconds: 3_600 }, maxFileSize: 1_000 }, CAUSE);
        const second = [11, 12, 13, 14, 15].map((number) => sign(number));
        for (let turn = 0; turn < 20; turn += 1) await new Promise((done) => { setImmediate(done); });
        both.resolve();
        const answers = await Promise.all([...first, ...second]);
        expect(answers.filter((answer) => !answer.startsWith('signing.'))).to.have.length(6);
      });
    }

    it('and counts it once in the rate of its person', async () => {
      const { sign, types } = await setUp({ perUserLimit: { count: 2, windowSeconds: 60 } });
      expect([await sign(1), await sign(2), await sign(3)]).to.deep.equal([idOf(1), idOf(2), 'signing.policy_user_rate']);
      expect(types().filter((type) => type === 'PaceTaken')).to.have.length(2);
    });

    it('lets no more through than there is room for, however many waited together', async () => {
      const all = Promise.withResolvers<void>();
      let waiting = 0;
      const { sign } = await setUp({ ...RATE }, async () => { if ((waiting += 1) === 5) all.resolve(); await all.promise; });
      const codes = await Promise.all([1, 2, 3, 4, 5].map((number) => sign(number)));
      expect(codes.filter((code) => code === 'signing.policy_user_rate')).to.have.length(4);
    });

    it('lets one go ahead on an approval of which two heard while they waited', async () => {
      const all = Promise.withResolvers<void>();
      let waiting = 0;
      const { sign, approve, store } = await setUp(APPROVAL, async () => { if ((waiting += 1) === 2) all.resolve(); await all.promise; });
      await sign(1);
      await approve();
      expect((await Promise.all([sign(2), sign(3)])).toSorted()).to.deep.equal([idOf(2), 'signing.policy_approval']);
      expect(store.log.findLast(({ type }) => type === 'SigningRefused')?.data, 'the other one had none').to.not.have.property('approved');
    });

    it('and whoever is turned away while waiting has used nothing up, and leaves nothing that is folded', async () => {
      const { sign, approve, types } = await setUp({ ...APPROVAL, perUserLimit: { count: 1, windowSeconds: 60 } }, async () => Promise.reject(new Rejection('signing.queue_timeout')));
      await sign(1);
      await approve();
      const before = types().length;
      for (const number of [2, 3, 4]) expect(await sign(number)).to.equal('signing.queue_timeout');
      expect(types().slice(before)).to.deep.equal(['SigningRefused', 'SigningRefused', 'SigningRefused']);
    });
  });
});
