import { createHash } from 'node:crypto';
import { expect } from 'chai';
import type { SigningPrincipal } from '../../../application/signing/authorise.ts';
import { signingEvents } from '../../../application/signing/events.ts';
import { createSigningOperations } from '../../../application/signing/operations.ts';
import type { SignedDigest, SigningBackend } from '../../../application/signing/ports.ts';
import { createSignDigest, type SignDigestDeps } from '../../../application/signing/sign-digest.ts';
import type { SignRequest } from '../../../application/signing/sign-request.ts';
import { createEventCodec } from '../../../application/kernel/event-codec.ts';
import type { Role } from '../../../application/tenancy/access.ts';
import { reject, Rejection } from '../../../domain/kernel/rejection.ts';
import { createScriptedStore } from '../../support/scripted-store.ts';
import { credential, DIGEST, OPERATION, person, qwickPlan, tenantView, UNLIMITED, USER } from '../../support/signing.ts';

const START = Date.parse('2026-03-09T14:23:42.100Z');
const ANOTHER = '019aa5c4-6f00-7000-8000-000000000002';
const LEAF = Uint8Array.of(1, 2, 3);
const SIGNED: SignedDigest = {
  pkcs7: Uint8Array.of(4, 5, 6),
  certificateChain: [LEAF, Uint8Array.of(9)],
  certificateSerial: '0a1b',
  timestamp: '2026-03-09T14:23:45Z',
};
const REQUEST: SignRequest = { commandId: OPERATION, digest: Buffer.from(DIGEST, 'base64'), fileName: 'MyApp.exe', fileSize: 2_048_576, ip: '192.0.2.7' };
const CAUSE = { actor: { kind: 'person', id: USER }, correlation: 'request-1' } as const;
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

const setUp = (sign: SigningBackend['sign'] = async () => SIGNED, over: Partial<SignDigestDeps> = {}) => {
  const store = createScriptedStore();
  const asked: unknown[][] = [];
  let now = START;
  const backend: SigningBackend = {
    sign: async (...given) => {
      asked.push([...given, store.log.map(({ type }) => type)]);
      now += 2_792;
      return sign(...given);
    },
  };
  const signDigest = createSignDigest({
    operations: createSigningOperations(store),
    backend,
    ...UNLIMITED,
    ...over,
    personalData: { seal: async ({ id }, { tenant, place }, plaintext) => ({ subject: id, box: Buffer.from(`${tenant} ${place} ${plaintext}`).toString('base64url') }) },
    clock: { now: () => now },
    ids: { next: () => ANOTHER },
  });
  const outcome = async (principal: SigningPrincipal = person(), request: Partial<SignRequest> = {}) =>
    signDigest(principal, { ...REQUEST, ...request }, CAUSE).catch((error: unknown) => error);
  return { store, asked, outcome, types: () => store.log.map(({ type }) => type) };
};

const codeOf = (outcome: unknown) => (outcome instanceof Rejection ? outcome.code : outcome);
const full = () => new Rejection('storage.unavailable', { retryAfter: 1 });
const last = (store: ReturnType<typeof setUp>['store']) => store.log.at(-1);
const sourceFor = async (principal: SigningPrincipal, request: Partial<SignRequest> = {}): Promise<unknown> => {
  const { store, outcome } = setUp();
  const answer = await outcome(principal, request);
  return store.log[0]?.data ?? codeOf(answer);
};

describe('sign digest', () => {
  it('records the intent, signs, records the signature, and only then answers', async () => {
    const { store, asked, outcome } = setUp();
    const answer = await outcome(person({ amr: ['pwd', 'otp'] }), {
      reason: 'Release', clientChannel: 'github_action', clientVersion: '1.2.0', batchId: OPERATION,
    });
    expect(answer).to.deep.equal({ operationId: OPERATION, signed: SIGNED, signedAt: '2026-03-09T14:23:44.892Z' });
    expect(asked).to.deep.equal([[tenantView(), REQUEST.digest, 'pe', ['SigningRequested']]]);
    const stream = `signing.operation-${tenantView().id}-${OPERATION}`;
    expect(store.log.map((event) => event.stream)).to.deep.equal([stream, stream]);
    expect(store.log.map(({ type, data }) => ({ type, data }))).to.deep.equal([
      {
        type: 'SigningRequested',
        data: {
          operationId: OPERATION, actorUserId: USER, by: { kind: 'session', id: 'session-1' }, secondFactor: true,
          digest: DIGEST, algorithm: 'sha256', fileName: 'MyApp.exe', fileSize: 2_048_576, fileKind: 'pe',
          source: 'github_action', clientChannel: 'github_action', clientVersion: '1.2.0', batchId: OPERATION, reason: 'Release',
          address: { subject: USER, box: Buffer.from(`${tenantView().id} ${stream}#address 192.0.2.7`).toString('base64url') },
          requestedAt: '2026-03-09T14:23:42.100Z',
        },
      },
      {
        type: 'SigningCompleted',
        data: {
          operationId: OPERATION, signedAt: '2026-03-09T14:23:44.892Z', timestamp: '2026-03-09T14:23:45Z',
          certificateSerial: '0a1b', certificateSha256: sha256(LEAF), pkcs7Sha256: sha256(SIGNED.pkcs7),
        },
      },
    ]);
    expect(store.log.every(({ cause }) => cause.correlation === 'request-1' && cause.actor.id === USER)).to.equal(true);
  });

  it('appends only what the catalogue takes', async () => {
    const codec = createEventCodec(signingEvents);
    const { store, outcome } = setUp();
    await outcome();
    expect(store.log).to.have.length(2);
    for (const event of store.log) expect(codec.decode(codec.encode(event)).data).to.deep.equal(event.data);
  });

  describe('no audit event, no answer', () => {
    it('does not sign when the intent cannot be recorded', async () => {
      const { store, asked, outcome } = setUp();
      store.plan.push(full());
      expect(codeOf(await outcome())).to.equal('storage.unavailable');
      expect(asked).to.deep.equal([]);
    });

    it('keeps the signature to itself when its completion cannot be recorded', async () => {
      const { store, asked, outcome, types } = setUp();
      store.plan.push('ok', full());
      expect(codeOf(await outcome())).to.equal('storage.unavailable');
      expect(asked).to.have.length(1);
      expect(types()).to.deep.equal(['SigningRequested']);
    });

    it('says so when a failure cannot be recorded', async () => {
      const { store, outcome } = setUp(() => Promise.reject(new Rejection('signing.backend_failed')));
      store.plan.push('ok', full());
      expect(codeOf(await outcome())).to.equal('storage.unavailable');
    });
  });

  describe('a backend without a signature leaves a failed operation', () => {
    for (const code of ['signing.backend_provisioning', 'signing.backend_failed', 'signing.backend_transient']) {
      it(code, async () => {
        const { store, outcome } = setUp(() => Promise.reject(new Rejection(code, { retryAfter: 3 })));
        const answer = await outcome();
        expect(codeOf(answer)).to.equal(code);
        expect((answer as Rejection).details).to.deep.equal({ retryAfter: 3 });
        expect(last(store)).to.deep.include({ type: 'SigningFailed', data: { operationId: OPERATION, code, failedAt: '2026-03-09T14:23:44.892Z' } });
      });
    }

    it('also for an error that nobody foresaw, without its words', async () => {
      const { store, outcome } = setUp(() => Promise.reject(new Error('secret path')));
      expect(await outcome()).to.be.instanceOf(Error).with.property('message', 'secret path');
      expect(last(store)?.data).to.have.property('code', 'kernel.internal');
    });

    it('and for an answer without a certificate', async () => {
      const { store, outcome } = setUp(async () => ({ ...SIGNED, certificateChain: [] }));
      expect(await outcome()).to.be.instanceOf(Error);
      expect(last(store)?.type).to.equal('SigningFailed');
    });
  });

  describe('who may', () => {
    const cases: readonly (readonly [string, SigningPrincipal, string | undefined])[] = [
      ...(['owner', 'admin', 'signer'] as Role[]).map((role) => [`a session of ${role}`, person({ role }), undefined] as const),
      ...(['developer', 'viewer'] as Role[]).map((role) => [`a session of ${role}`, person({ role }), 'signing.forbidden'] as const),
      ['a key with sign', credential({ permissions: ['sign'] }), undefined],
      ['a key without sign', credential({ permissions: ['read_audit'] }), 'signing.forbidden'],
      ['a key whose person was lowered to viewer', credential({ role: 'viewer' }), 'signing.forbidden'],
      ['a cancelled subscription', person({ tenant: tenantView({ plans: qwickPlan({ status: 'cancelled' }) }) }), 'signing.subscription_cancelled'],
      ['a subscription past due', person({ tenant: tenantView({ plans: qwickPlan({ status: 'past_due' }) }) }), undefined],
      [
        'role before subscription',
        person({ role: 'viewer', tenant: tenantView({ plans: qwickPlan({ status: 'cancelled' }) }) }),
        'signing.forbidden',
      ],
    ];
    for (const [name, principal, code] of cases) {
      it(`${name}: ${code ?? 'signed'}`, async () => {
        const { store, outcome } = setUp();
        const answer = await outcome(principal);
        if (code === undefined) expect(answer).to.have.property('operationId', OPERATION);
        else expect(codeOf(answer)).to.equal(code);
        expect(store.log).to.have.length(code === undefined ? 2 : 0);
      });
    }
  });

  describe('asks again who it is after the wait for a place', () => {
    const meanwhile: Readonly<Record<string, readonly [code: string, current: () => SigningPrincipal]>> = {
      revoked: ['tenancy.credential_revoked', () => reject('tenancy.credential_revoked')],
      lowered: ['signing.forbidden', () => person({ role: 'viewer' })],
      'without a plan': ['signing.subscription_cancelled', () => person({ tenant: tenantView({ plans: qwickPlan({ status: 'cancelled' }) }) })],
    };
    for (const [what, [code, current]] of Object.entries(meanwhile)) {
      it(`${what} meanwhile: refused, nothing recorded, the place and the quota given back`, async () => {
        const steps: string[] = [];
        const { store, asked, outcome } = setUp(undefined, {
          access: { current: async <Known>() => { steps.push('asked'); return current() as Known; } },
          places: { take: async () => { steps.push('place'); return () => void steps.push('left'); } },
          quotas: { ...UNLIMITED.quotas, release: async () => void steps.push('released') },
        });
        expect(codeOf(await outcome())).to.equal(code);
        expect(steps).to.deep.equal(['place', 'asked', 'released', 'left']);
        expect([store.log, asked]).to.deep.equal([[], []]);
      });
    }
  });

  describe('source, in the server\'s view', () => {
    it('a session without a channel: cli', async () => expect(await sourceFor(person())).to.include({ source: 'cli' }).and.not.have.property('clientChannel'));
    it('a key without a channel: api', async () => expect(await sourceFor(credential())).to.include({ source: 'api' }));
    it('the channel, when there is one', async () =>
      expect(await sourceFor(credential(), { clientChannel: 'cli' })).to.include({ source: 'cli', clientChannel: 'cli' }));
    it('the dashboard by session', async () => expect(await sourceFor(person(), { clientChannel: 'dashboard' })).to.include({ source: 'dashboard' }));
    it('no dashboard by key', async () => expect(await sourceFor(credential(), { clientChannel: 'dashboard' })).to.equal('request.invalid'));
  });

  describe('kind of file', () => {
    it('by name', async () => {
      const { asked, outcome } = setUp();
      await outcome(person(), { fileName: 'Setup.MSI' });
      expect(asked[0]?.[2]).to.equal('msi');
    });
    it('as asked for, before the name', async () => {
      const { asked, outcome } = setUp();
      await outcome(person(), { fileName: 'module.js', fileKind: 'powershell' });
      expect(asked[0]?.[2]).to.equal('powershell');
    });
    it('refused where name or reason would be shown otherwise than they are written, naming the field', async () => {
      for (const [field, over] of [['file_name', { fileName: 'setup\u202efdp.exe' }], ['reason', { reason: 'Release \u2066x' }]] as const) {
        const { store, outcome } = setUp();
        const answer = await outcome(person(), over);
        expect(codeOf(answer)).to.equal('request.invalid');
        expect((answer as Rejection).details).to.have.nested.property(`fields.${field}`);
        expect(store.log).to.deep.equal([]);
      }
    });
    it('refused by name, naming the field and changing nothing', async () => {
      const { store, outcome } = setUp();
      const answer = await outcome(person(), { fileName: 'App.appx' });
      expect(codeOf(answer)).to.equal('request.invalid');
      expect((answer as Rejection).details).to.have.nested.property('fields.file_name');
      expect(store.log).to.deep.equal([]);
    });
  });

  describe('a retry of the same request', () => {
    it('takes up the operation that was left pending', async () => {
      const { store, outcome, types } = setUp();
      store.plan.push('ok', full());
      await outcome();
      expect(await outcome()).to.have.property('operationId', OPERATION);
      expect(types()).to.deep.equal(['SigningRequested', 'SigningCompleted']);
    });

    const endings: Readonly<Record<string, () => Promise<SignedDigest>>> = {
      completed: async () => SIGNED,
      failed: () => Promise.reject(new Rejection('signing.backend_transient')),
    };
    for (const [ended, first] of Object.entries(endings)) {
      it(`begins anew beside one that has ${ended}`, async () => {
        const turns = [first];
        const { store, outcome } = setUp(() => (turns.shift() ?? (async () => SIGNED))());
        await outcome();
        expect(await outcome()).to.have.property('operationId', ANOTHER);
        const ids = store.log.map(({ data }) => (data as { operationId: string }).operationId);
        expect(ids).to.deep.equal([OPERATION, OPERATION, ANOTHER, ANOTHER]);
      });
    }
  });

  it('names an API key\'s person as the actor and the key as the way in', async () => {
    const { store, outcome } = setUp();
    await outcome(credential({ secondFactor: true }));
    expect(store.log[0]?.data).to.deep.include({ actorUserId: USER, by: { kind: 'credential', id: credential().credentialId }, secondFactor: true });
  });
});
