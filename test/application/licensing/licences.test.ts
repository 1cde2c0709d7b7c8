/** Licences over the embedded stores: what an account is told, and what the log keeps of it. */
import { expect } from 'chai';
import type { Licence } from '../../../application/licensing/licences.ts';
import type { EventStore } from '../../../application/kernel/ports.ts';
import type { CredentialPrincipal } from '../../../application/tenancy/access.ts';
import { endCustomerSubject } from '../../../application/licensing/holders.ts';
import { holderPlace, ledgerStream, validationsStream } from '../../../application/licensing/streams.ts';
import type { SubjectId } from '../../../domain/kernel/ids.ts';
import { fingerprintHashes } from '../../../infrastructure/crypto/fingerprint-hashes.ts';
import { account, CAUSE, generatedEvent, keyNumber, type LicensingGround, NOW, openLicensing, wanted } from '../../support/licensing.ts';
import { rejection } from '../../support/rejections.ts';

const DAY_MS = 86_400_000;
/** As an `Idempotency-Key` gives them. */
const REPEATABLE = '0193a1b2-0000-8000-8000-000000000001';

describe('licences', function suite() {
  this.timeout(30_000);
  let ground: LicensingGround;

  before(async () => {
    ground = await openLicensing();
  });
  beforeEach(() => {
    ground.knobs.now = NOW;
  });
  after(async () => ground.close());

  const validate = async (of: CredentialPrincipal, { licenceKey, endCustomerId = '' }: Pick<Licence, 'licenceKey' | 'endCustomerId'>) =>
    (await ground.program().licences.validate(of, { licenceKey, endCustomerId }, CAUSE)).verdict;
  const typesOf = async ({ tenant }: CredentialPrincipal) => (await ground.events(tenant.id)).map(({ type }) => type);

  const erase = async (of: CredentialPrincipal, endCustomerId: string): Promise<void> =>
    ground.vault.destroy((await ground.sealing.personalData.find(of.tenant.id, endCustomerId)) as SubjectId);

  describe('generating', () => {
    it('answers with all that a licence says', async () => {
      const licence = await ground.program().generate(account());
      const { licenceKey, quantumSignature, fidelity, ...rest } = licence;
      expect(licenceKey).to.match(/^QCOS(-[0-9A-F]{4}){8}$/);
      expect(quantumSignature).to.match(/^[0-9a-f]{64}$/);
      expect(fidelity).to.be.closeTo(0.9841, 0.00005);
      expect(rest).to.deep.equal({
        number: 1, endCustomerId: 'user@acmecorp.com', features: ['premium', 'api_access'], metadata: { company: 'Acme Corp' },
        generatedAt: '2026-11-22T06:00:00.000Z', validUntil: '2027-11-22T06:00:00.000Z', revokedAt: null, revokedReason: null,
      });
    });

    it('is one event, in which nothing personal can be read', async () => {
      const of = account();
      const licence = await ground.program().generate(of, { endCustomerId: 'canary@acmecorp.com', metadata: { note: 'canary' } });
      const events = await ground.events(of.tenant.id);
      expect(events.map(({ type, stream }) => `${type} ${stream.split('-')[0]}`)).to.deep.equal(['FingerprintKeyCreated licensing.account', 'LicenceGenerated licensing.ledger']);
      expect(JSON.stringify(events)).to.not.include('canary').and.not.include(licence.quantumSignature);
      expect(events[1]?.cause).to.deep.equal(CAUSE);
    });

    it('gives every licence a key of its own, and every account its own numbers', async () => {
      const [one, other] = [account(), account()];
      const { generate } = ground.program();
      const made = [await generate(one), await generate(one), await generate(other)];
      expect(new Set(made.map(({ licenceKey }) => licenceKey)).size).to.equal(3);
      expect(new Set(made.map(({ quantumSignature }) => quantumSignature)).size).to.equal(3);
      expect(made.map(({ number }) => number)).to.deep.equal([1, 2, 1]);
    });

    it('the same command in another account is another key', async () => {
      const { generate } = ground.program();
      const [one, other] = [await generate(account(), { commandId: REPEATABLE }), await generate(account(), { commandId: REPEATABLE })];
      expect(one.licenceKey).not.to.equal(other.licenceKey);
    });

    it('the same command again is the same licence: at once, later, in another program and long after', async () => {
      const of = account({ plan: 'business' });
      const { generate } = ground.program();
      const again = async (program = ground.program()) => program.generate(of, { commandId: REPEATABLE });
      const first = await generate(of, { commandId: REPEATABLE });
      ground.knobs.now += DAY_MS;
      expect(await again()).to.deep.equal(first);
      await Promise.all(Array.from({ length: 1_050 }, async () => generate(of)));
      expect(await again()).to.deep.equal(first);
      expect((await typesOf(of)).filter((type) => type === 'LicenceGenerated')).to.have.length(1_051);
    });

    it('sixteen times the same command at once is one licence', async () => {
      const of = account();
      const programs = [ground.program(), ground.program()];
      const made = await Promise.all(Array.from({ length: 16 }, async (_, index) => programs[index % 2]?.generate(of, { commandId: REPEATABLE })));
      expect(new Set(made.map((licence) => JSON.stringify(licence))).size).to.equal(1);
      expect((await typesOf(of)).filter((type) => type === 'LicenceGenerated')).to.have.length(1);
    });

    it('goes on over volumes: numbers have no gaps, whoever goes on', async () => {
      const of = account({ plan: 'business' });
      const made = new Set<number>();
      for (const program of [ground.program(), ground.program()]) {
        const some = await Promise.all(Array.from({ length: 1_100 }, async () => program.generate(of)));
        for (const { number } of some) made.add(number);
      }
      expect([...made].toSorted((one, two) => one - two)).to.deep.equal(Array.from({ length: 2_200 }, (_, index) => index + 1));
      expect((await typesOf(of)).filter((type) => type.startsWith('LedgerVolume'))).to.deep.equal(['LedgerVolumeClosed', 'LedgerVolumeOpened', 'LedgerVolumeClosed', 'LedgerVolumeOpened']);
      expect(await ground.program().licences.usage(of.tenant)).to.deep.equal({ month: '2026-11', generated: 2_200, plan: 'business', limit: 100_000, sold: 2_200 });
    });

    it('refuses what is beyond the month’s limit, says for how long, and begins again with the next month', async () => {
      const of = account({ plan: 'free' });
      const { generate, licences } = ground.program();
      await Promise.all(Array.from({ length: 100 }, async () => generate(of)));
      ground.knobs.now = Date.parse('2026-11-30T23:59:58.500Z');
      expect(await rejection(generate(of))).to.deep.equal({ code: 'licensing.quota_exceeded', details: { limit: 100, retryAfter: 2 } });
      ground.knobs.now = Date.parse('2026-12-01T00:00:00.000Z');
      expect((await generate(of)).number).to.equal(101);
      expect(await licences.usage(of.tenant)).to.deep.equal({ month: '2026-12', generated: 1, plan: 'free', limit: 100, sold: 101 });
    });

    it('a plan that was cancelled counts as free; one that was changed counts at once', async () => {
      const of = account({ plan: 'free' });
      const { generate } = ground.program();
      await Promise.all(Array.from({ length: 100 }, async () => generate(of)));
      expect((await rejection(generate(account({ plan: 'business', status: 'cancelled' }, of.tenant.id)))).code).to.equal('licensing.quota_exceeded');
      expect((await generate(account({ plan: 'startup' }, of.tenant.id))).number).to.equal(101);
    });
  });

  describe('validating', () => {
    it('says valid of what was generated, to its own account and for its own customer', async () => {
      const of = account();
      const licence = await ground.program().generate(of);
      expect(await validate(of, licence)).to.equal('valid');
      expect(await validate(of, { ...licence, endCustomerId: 'USER@acmecorp.com' })).to.equal('not_found');
      expect(await validate(of, { ...licence, endCustomerId: 'someone.else@acmecorp.com' })).to.equal('not_found');
      expect(await validate(of, { ...licence, licenceKey: keyNumber(7) })).to.equal('not_found');
      expect(await validate(account(), licence)).to.equal('not_found');
    });

    it('says expired from the very moment on', async () => {
      const of = account();
      const licence = await ground.program().generate(of, { validDays: 1 });
      ground.knobs.now = NOW + DAY_MS - 1;
      expect(await validate(of, licence)).to.equal('valid');
      ground.knobs.now = NOW + DAY_MS;
      expect(await validate(of, licence)).to.equal('expired');
    });

    it('says revoked before expired', async () => {
      const of = account();
      const { generate, licences } = ground.program();
      const licence = await generate(of, { validDays: 1 });
      await licences.revoke(of, licence.licenceKey, undefined, CAUSE);
      ground.knobs.now = NOW + DAY_MS;
      expect(await validate(of, licence)).to.equal('revoked');
    });

    const FORGED = [
      ['another signature', (made: Licence) => ({ signature: made.quantumSignature?.replace(/^./, (digit) => (digit === '0' ? '1' : '0')) ?? '' })],
      ['a longer validity', (made: Licence) => ({ signature: made.quantumSignature ?? '', validUntil: '2099-01-01T00:00:00.000Z' })],
      ['more features', (made: Licence) => ({ signature: made.quantumSignature ?? '', features: ['premium', 'api_access', 'enterprise'] })],
      ['features cut elsewhere', (made: Licence) => ({ signature: made.quantumSignature ?? '', features: ['premium,api_access'] })],
      ['a signature of another length', () => ({ signature: '00' })],
    ] as const;
    for (const [name, forge] of FORGED) {
      it(`says signature mismatch of a licence with ${name}, revoked or not`, async () => {
        const of = account();
        const { generate, licences } = ground.program();
        const made = await generate(of);
        const { signature, ...changed } = forge(made) as { signature: string; validUntil?: string; features?: string[] };
        const { personalData } = ground.sealing;
        const licenceKey = keyNumber(666);
        const subject = await personalData.subject(of.tenant.id, 'user@acmecorp.com');
        const holder = await personalData.seal(subject, holderPlace(of.tenant.id, licenceKey), JSON.stringify({ endCustomerId: 'user@acmecorp.com', metadata: null, quantumSignature: signature }));
        const { features, generatedAt, validUntil } = made;
        await ground.store.append(ledgerStream({ tenant: of.tenant.id }, 0), 'any', [generatedEvent({ number: 2, licenceKey, holder, features, generatedAt, validUntil, ...changed })], CAUSE);
        expect(await validate(of, { licenceKey, endCustomerId: 'user@acmecorp.com' })).to.equal('signature_mismatch');
        await licences.revoke(of, licenceKey, undefined, CAUSE);
        expect(await validate(of, { licenceKey, endCustomerId: 'user@acmecorp.com' })).to.equal('signature_mismatch');
      });
    }

    it('is recorded before the answer, with its verdict and without the customer', async () => {
      const of = account();
      const licence = await ground.program().generate(of);
      await validate(of, licence);
      await validate(of, { licenceKey: keyNumber(7), endCustomerId: 'canary' });
      const recorded = (await ground.events(of.tenant.id)).filter(({ type }) => type === 'LicenceValidated');
      expect(recorded.map(({ data }) => data)).to.deep.equal([
        { licenceKey: licence.licenceKey, verdict: 'valid', validatedAt: '2026-11-22T06:00:00.000Z' },
        { licenceKey: keyNumber(7), verdict: 'not_found', validatedAt: '2026-11-22T06:00:00.000Z' },
      ]);
      expect(recorded.map(({ stream }) => stream)).to.deep.equal([0, 1].map(() => validationsStream(of.tenant.id, '2026-11-22')));
    });

    it('gives no answer when it cannot be recorded', async () => {
      const of = account();
      const licence = await ground.program().generate(of);
      const full = { ...ground.store, append: async () => Promise.reject(new Error('no space')) };
      const asked = ground.program({ store: full }).licences.validate(of, { licenceKey: licence.licenceKey, endCustomerId: 'user@acmecorp.com' }, CAUSE);
      expect(await asked.then(() => 'answered', (error: Error) => error.message)).to.equal('no space');
    });
  });

  describe('revoking', () => {
    it('holds from the answer on, in every program', async () => {
      const of = account();
      const here = ground.program();
      const licence = await here.generate(of);
      const asked = { licenceKey: licence.licenceKey, endCustomerId: 'user@acmecorp.com' };
      expect((await here.licences.validate(of, asked, CAUSE)).verdict, 'and is in its caches').to.equal('valid');
      await ground.program().licences.revoke(of, licence.licenceKey, undefined, CAUSE);
      expect((await here.licences.validate(of, asked, CAUSE)).verdict).to.equal('revoked');
    });

    it('is done once, and keeps its reason sealed', async () => {
      const of = account();
      const { generate, licences, book } = ground.program();
      const { licenceKey } = await generate(of);
      expect(await licences.revoke(of, licenceKey, 'canary cancelled', CAUSE)).to.deep.equal({ revokedAt: '2026-11-22T06:00:00.000Z' });
      expect((await rejection(licences.revoke(of, licenceKey, 'again', CAUSE))).code).to.equal('licensing.licence_revoked');
      expect(await book.get(of.tenant.id, licenceKey)).to.include({ revokedAt: '2026-11-22T06:00:00.000Z', revokedReason: 'canary cancelled' });
      expect(JSON.stringify(await ground.events(of.tenant.id))).to.not.include('canary');
    });

    it('many at once: one of them did it', async () => {
      const of = account();
      const programs = [ground.program(), ground.program()] as const;
      const { licenceKey } = await programs[0].generate(of);
      const outcomes = await Promise.all(Array.from({ length: 16 }, async (_, index) =>
        (programs[index % 2] ?? programs[0]).licences.revoke(of, licenceKey, undefined, CAUSE).then(() => 'revoked', (error: Error) => error.message)));
      expect(outcomes.toSorted()).to.deep.equal([...Array.from({ length: 15 }, () => 'licensing.licence_revoked'), 'revoked']);
    });

    it('knows nothing of another account’s licences', async () => {
      const { generate, licences } = ground.program();
      const { licenceKey } = await generate(account());
      expect((await rejection(licences.revoke(account(), licenceKey, undefined, CAUSE))).code).to.equal('licensing.licence_not_found');
    });

    it('gives nothing of the month back', async () => {
      const of = account({ plan: 'free' });
      const { generate, licences } = ground.program();
      const made = await Promise.all(Array.from({ length: 100 }, async () => generate(of)));
      await licences.revoke(of, made[0]?.licenceKey ?? '', undefined, CAUSE);
      expect((await rejection(generate(of))).code).to.equal('licensing.quota_exceeded');
    });
  });

  describe('the time of a list of revocations', () => {
    it('is not named before everything that was revoked by then is on record', async () => {
      const held = Promise.withResolvers<void>();
      const begun = Promise.withResolvers<void>();
      const store: EventStore = {
        ...ground.store,
        append: async (stream, ...rest) => {
          if (stream.startsWith('licensing.licence-')) {
            begun.resolve();
            await held.promise;
          }
          return ground.store.append(stream, ...rest);
        },
      };
      const of = account();
      const { licences, book, generate } = ground.program({ store });
      const { licenceKey } = await generate(of);
      const revoked = licences.revoke(of, licenceKey, undefined, CAUSE);
      await begun.promise;
      ground.knobs.now = NOW + 2_000;
      const named = licences.revoked(of.tenant.id);
      ground.knobs.now = NOW + 5_000;
      held.resolve();
      expect(await named).to.equal(NOW + 2_000);
      const listed: string[] = [];
      for await (const each of book.revocations(of.tenant.id, undefined)) listed.push(each.licenceKey);
      expect([listed, (await revoked).revokedAt]).to.deep.equal([[licenceKey], new Date(NOW).toISOString()]);
    });

    it('overlap by as much as another process may be late, where there are others', async () => {
      const { licences } = ground.program({ overlapMs: 60_000 });
      expect(await licences.revoked(account().tenant.id)).to.equal(NOW - 60_000);
    });

    it('waits for nobody else, nor for what failed', async () => {
      const [one, other] = [account(), account()];
      const { licences } = ground.program();
      const failing = licences.revoke(one, 'QCOS-0000-0000-0000-0000-0000-0000-0000-0000', undefined, CAUSE);
      expect(await licences.revoked(other.tenant.id)).to.equal(NOW);
      expect((await rejection(failing)).code).to.equal('licensing.licence_not_found');
      expect(await licences.revoked(one.tenant.id)).to.equal(NOW);
    });
  });

  describe('an end customer who is erased', () => {
    it('is gone from every list, and validated no more; the licence still counts and can be revoked', async () => {
      const of = account();
      const { generate, licences, book } = ground.program();
      const made = await generate(of, { endCustomerId: 'gone@acmecorp.com' });
      const other = await generate(of);
      expect(await validate(of, made)).to.equal('valid');
      await erase(of, 'GONE@acmecorp.com');
      expect(await validate(of, made)).to.equal('not_found');
      await licences.revoke(of, made.licenceKey, 'about gone', CAUSE);
      const erased = { ...made, endCustomerId: undefined, metadata: null, quantumSignature: undefined, revokedAt: '2026-11-22T06:00:00.000Z' };
      expect((await book.page(of.tenant.id, { page: 1, perPage: 10, now: NOW })).items).to.deep.equal([erased, other]);
      expect(await licences.usage(of.tenant)).to.include({ generated: 2, sold: 2 });
    });

    it('takes along nobody whose id only looks alike, unless it is an address in another spelling', async () => {
      const of = account();
      const { generate } = ground.program();
      const ids = ['CUST-7', 'cust-7', ' CUST-7', 'CUST-7 ', '\u00dcnit', 'U\u0308nit', `customer:${fingerprintHashes.digest(new Uint8Array(), 'CUST-7')}`, 'one@acmecorp.com', 'ONE@acmecorp.com'];
      const made = new Map<string, Licence>();
      for (const endCustomerId of ids) made.set(endCustomerId, await generate(of, { endCustomerId }));
      const valid = async () => {
        const verdicts = await Promise.all(ids.map(async (id) => [id, await validate(of, made.get(id) as Licence)] as const));
        return verdicts.filter(([, verdict]) => verdict === 'valid').map(([id]) => id);
      };
      expect(await valid()).to.deep.equal(ids);
      await erase(of, endCustomerSubject(fingerprintHashes, 'CUST-7'));
      expect(await valid()).to.deep.equal(ids.slice(1));
      await erase(of, endCustomerSubject(fingerprintHashes, 'U\u0308nit'));
      expect(await valid()).to.deep.equal(ids.slice(1).filter((id) => id !== 'U\u0308nit'));
      await erase(of, 'one@ACMECORP.com');
      expect(await valid()).to.deep.equal(['cust-7', ' CUST-7', 'CUST-7 ', '\u00dcnit', ids[6]]);
      expect((await generate(of, { endCustomerId: 'CUST-7' })).endCustomerId).to.equal('CUST-7');
    });

    it('stays readable where it was sealed under another name of its subject', async () => {
      const of = account();
      const { personalData } = ground.sealing;
      const licenceKey = keyNumber(7);
      const subject = await personalData.subject(of.tenant.id, 'CUST-7');
      const holder = await personalData.seal(subject, holderPlace(of.tenant.id, licenceKey), JSON.stringify({ endCustomerId: 'CUST-7', metadata: null, quantumSignature: '00' }));
      await ground.store.append(ledgerStream({ tenant: of.tenant.id }, 0), 'any', [generatedEvent({ licenceKey, holder })], { ...CAUSE, keys: subject.newKeys });
      const { book, generate } = ground.program();
      await generate(of, { endCustomerId: 'CUST-7' });
      expect(await book.get(of.tenant.id, licenceKey)).to.include({ endCustomerId: 'CUST-7' });
    });

    it('takes the reason of a revocation along', async () => {
      const of = account();
      const { generate, licences, book } = ground.program();
      const { licenceKey } = await generate(of, { endCustomerId: 'gone@acmecorp.com' });
      await licences.revoke(of, licenceKey, 'gone did not pay', CAUSE);
      await erase(of, 'gone@acmecorp.com');
      expect(await book.get(of.tenant.id, licenceKey)).to.include({ revokedReason: null, revokedAt: '2026-11-22T06:00:00.000Z' });
    });

    it('may come back as somebody new', async () => {
      const of = account();
      const { generate } = ground.program();
      const before = await generate(of, { endCustomerId: 'back@acmecorp.com' });
      await erase(of, 'back@acmecorp.com');
      const after = await generate(of, { endCustomerId: 'back@acmecorp.com' });
      expect([await validate(of, { ...before, endCustomerId: 'back@acmecorp.com' }), await validate(of, after)]).to.deep.equal(['not_found', 'valid']);
    });
  });

  it('one hundred licences at once for a customer whom nobody knew yet', async () => {
    const of = account();
    const programs = [ground.program(), ground.program()] as const;
    const made = await Promise.all(Array.from({ length: 100 }, async (_, index) => (programs[index % 2] ?? programs[0]).licences.generate(of, wanted({ endCustomerId: 'new' }), CAUSE)));
    expect(made.map(({ number }) => number).toSorted((one, two) => one - two)).to.deep.equal(Array.from({ length: 100 }, (_, index) => index + 1));
    expect(await Promise.all(made.slice(0, 5).map(async (licence) => validate(of, licence)))).to.deep.equal(Array.from({ length: 5 }, () => 'valid'));
  });
});
