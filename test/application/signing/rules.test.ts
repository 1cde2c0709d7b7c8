/** What the policy's gate takes for a request comes back when there is no signature, and only then. */
import { expect } from 'chai';
import { createSigningOperations } from '../../../application/signing/operations.ts';
import type { PolicyDraft } from '../../../application/signing/policies.ts';
import type { SignedDigest } from '../../../application/signing/ports.ts';
import { createRecordRefusal } from '../../../application/signing/refusals.ts';
import { createSigningRules } from '../../../application/signing/rules.ts';
import { createSignDigest, type SignRequest } from '../../../application/signing/sign-digest.ts';
import { Rejection } from '../../../domain/kernel/rejection.ts';
import type { SubjectId } from '../../../domain/kernel/ids.ts';
import { createScriptedStore } from '../../support/scripted-store.ts';
import { credential, DIGEST, OPERATION, person, tenantView, UNLIMITED, USER } from '../../support/signing.ts';

const START = Date.parse('2026-03-09T14:23:42.100Z');
const BOSS = '019aa5c4-6f00-7000-8000-00000000000c' as SubjectId;
const SIGNED: SignedDigest = { pkcs7: Uint8Array.of(1), certificateChain: [Uint8Array.of(2)], certificateSerial: '0a', timestamp: '2026-03-09T14:23:45Z' };
const CAUSE = { actor: { kind: 'person', id: USER }, correlation: 'test' } as const;
const idOf = (number: number): string => `019aa5c4-6f00-7000-8000-${String(number).padStart(12, '0')}`;

const setUp = async (draft: PolicyDraft) => {
  const store = createScriptedStore();
  const knobs = { now: START, sign: async (): Promise<SignedDigest> => SIGNED };
  const clock = { now: () => knobs.now };
  let made = 100;
  const ids = { next: () => idOf((made += 1)) };
  const members = new Map([[BOSS, { role: 'viewer', term: 1 }]] as const);
  const rules = createSigningRules({
    store, clock, ids,
    memberships: { load: async () => ({ state: { members } as never, revision: 0 }) },
    personalData: { find: async () => undefined },
    recent: async () => [],
  });
  await rules.policies.set(tenantView().id, draft, CAUSE);
  const signDigest = createSignDigest({
    ...UNLIMITED, operations: createSigningOperations(store), rules, backend: { sign: () => knobs.sign() }, clock, ids,
    recordRefusal: createRecordRefusal({ store, personalData: { seal: async ({ id }, { place }, plaintext) => ({ subject: id, box: `${place} ${plaintext}` }) } }),
    personalData: { seal: async ({ id }) => ({ subject: id, box: 'sealed' }) },
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
    await rules.approvals.decide(tenantView().id, { approvalId: asked.approvalId, requesterUserId: USER, digest: DIGEST }, { approver: BOSS, verdict: 'granted', cause: CAUSE });
  };
  return { store, knobs, sign, approve, rules, types: () => store.log.map(({ type }) => type) };
};

const APPROVAL: PolicyDraft = { approval: { enabled: true, approvers: [BOSS] } };
const RATE: PolicyDraft = { perUserLimit: { count: 1, windowSeconds: 60 } };
const transient = () => Promise.reject(new Rejection('signing.backend_transient'));
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
});
