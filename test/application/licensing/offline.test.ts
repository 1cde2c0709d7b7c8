/** Offline licences and revocation lists over the embedded stores: what is signed, by which key, and up to where it is complete. */
import { expect } from 'chai';
import { createLicenceSigningKeys } from '../../../application/licensing/signing-keys.ts';
import { createOfflineLicences } from '../../../application/licensing/offline.ts';
import { createRevocationBundles, type Since } from '../../../application/licensing/revocation-bundle.ts';
import { holderPlace, ledgerStream, licenceStream, signingKeysStream } from '../../../application/licensing/streams.ts';
import type { CredentialPrincipal } from '../../../application/tenancy/access.ts';
import type { SubjectId } from '../../../domain/kernel/ids.ts';
import { fingerprintHashes } from '../../../infrastructure/crypto/fingerprint-hashes.ts';
import { licenceDigests } from '../../../infrastructure/crypto/licence-digests.ts';
import { createSignatures, keyDigests } from '../../../infrastructure/crypto/signatures.ts';
import { createLicenceBook } from '../../../projections/licensing/licence-book.ts';
import { createRevocationPlaces } from '../../../projections/licensing/revocation-places.ts';
import { createUpToHead } from '../../../projections/licensing/up-to-head.ts';
import { account, CAUSE, generatedEvent, keyNumber, type LicensingGround, NOW, openLicensing, revokedEvent } from '../../support/licensing.ts';
import { randomIds } from '../../support/random-ids.ts';
import { rejection } from '../../support/rejections.ts';

const DAY_MS = 86_400_000;
const ISSUER = 'https://locks.example';

const partOf = (token: string, index: number): Record<string, any> => JSON.parse(Buffer.from(token.split('.')[index] ?? '', 'base64url').toString()) as Record<string, any>; // oxlint-disable-line typescript/no-explicit-any -- tests look where they like

const hash = (number: number): string => licenceDigests.sha256(keyNumber(number));
const hours = (count: number): number => NOW + count * 3_600_000;

describe('offline licences', function suite() {
  this.timeout(30_000);
  let ground: LicensingGround;

  before(async () => {
    ground = await openLicensing();
  });
  beforeEach(() => {
    ground.knobs.now = NOW;
  });
  after(async () => ground.close());

  /** One process: several on the same ground share nothing but what is stored. */
  const open = (more: object = {}) => {
    const { store, sealing, projections, log } = ground;
    const { secrets, personalData } = sealing;
    const clock = { now: () => ground.knobs.now };
    const keys = createLicenceSigningKeys({ store, secrets, engine: createSignatures(), digests: keyDigests, clock, ids: randomIds });
    const shared = {
      store, secrets, hashes: fingerprintHashes, keys, book: createLicenceBook({ reader: projections.reader, personalData }), digests: licenceDigests, clock, issuer: ISSUER,
      upToHead: createUpToHead({ log, freshness: projections.freshness }), places: createRevocationPlaces({ reader: projections.reader }),
    };
    return { keys, offline: createOfflineLicences(shared), bundles: createRevocationBundles({ ...shared, most: 3, ...more }) };
  };
  const issue = (of: CredentialPrincipal, licenceKey: string, more: object = {}) =>
    open().offline.issue(of.tenant.id, { licenceKey, algorithm: 'Ed25519', graceDays: 0, ...more }, CAUSE);
  const eventsOf = async ({ tenant }: CredentialPrincipal, wanted: string) => (await ground.events(tenant.id)).filter(({ type }) => type === wanted);

  const next = async (of: CredentialPrincipal, since?: Since) => {
    const bundle = await open().bundles.bundle(of.tenant.id, { since, algorithm: 'Ed25519' }, CAUSE);
    const { from, to, more } = bundle;
    expect(partOf(bundle.token, 0)).to.deep.equal({ alg: 'Ed25519', kid: bundle.kid, typ: 'qlk-revocations+jwt' });
    expect(partOf(bundle.token, 1)).to.deep.include({ iss: ISSUER, aud: of.tenant.id, iat: ground.knobs.now / 1_000, from, to, more });
    expect(partOf(bundle.token, 1).revoked).to.have.length(bundle.count);
    return { from, to, more, revoked: partOf(bundle.token, 1).revoked as readonly string[] };
  };
  const revoke = async ({ tenant }: CredentialPrincipal, number: number, revokedAt: number = ground.knobs.now): Promise<string> => {
    const licenceKey = keyNumber(number);
    const event = revokedEvent({ licenceKey, revokedAt: new Date(revokedAt).toISOString() });
    return (await ground.store.append(licenceStream(tenant.id, licenceKey), 'any', [event], CAUSE)).position;
  };

  it('say whose licence it is, until when, and up to where it was known as not revoked', async () => {
    const of = account();
    const licence = await ground.program().generate(of, { validDays: 10 });
    const head = await ground.log.head();
    ground.knobs.now += DAY_MS;
    const issued = await issue(of, licence.licenceKey, { algorithm: 'ML-DSA-65', graceDays: 14 });
    expect(partOf(issued.token, 0)).to.deep.equal({ alg: 'ML-DSA-65', kid: issued.kid, typ: 'qlk+jwt' });
    expect(partOf(issued.token, 1)).to.deep.equal({
      iss: ISSUER, aud: of.tenant.id, sub: licenceDigests.sha256(`${licence.licenceKey}\0user@acmecorp.com`), lic: licence.licenceKey, features: ['premium', 'api_access'],
      iat: (NOW + DAY_MS) / 1_000, nbf: NOW / 1_000, exp: (NOW + 10 * DAY_MS) / 1_000, grace: 14 * 86_400, pos: head,
    });
    expect(issued).to.deep.include({ position: head, issuedAt: new Date(NOW + DAY_MS).toISOString(), validUntil: licence.validUntil, graceUntil: new Date(NOW + 24 * DAY_MS).toISOString() });
    expect((await eventsOf(of, 'OfflineLicenceIssued')).map(({ data }) => data)).to.deep.equal([
      { licenceKey: licence.licenceKey, algorithm: 'ML-DSA-65', kid: issued.kid, graceDays: 14, position: head, issuedAt: new Date(NOW + DAY_MS).toISOString() },
    ]);
  });

  it('are given for nothing that is revoked, expired, erased, or another account\'s', async () => {
    const of = account();
    const { licences, generate } = ground.program();
    const [revoked, expired, erased, foreign] = [await generate(of), await generate(of, { validDays: 1 }), await generate(of, { endCustomerId: 'gone@acmecorp.com' }), await generate(account())];
    await licences.revoke(of, revoked.licenceKey, undefined, CAUSE);
    await ground.vault.destroy((await ground.sealing.personalData.find(of.tenant.id, 'gone@acmecorp.com')) as SubjectId);
    expect((await rejection(issue(of, revoked.licenceKey))).code).to.equal('licensing.offline_revoked');
    expect((await rejection(issue(of, erased.licenceKey))).code).to.equal('licensing.offline_erased');
    expect((await rejection(issue(of, foreign.licenceKey))).code).to.equal('licensing.licence_not_found');
    ground.knobs.now += DAY_MS - 1;
    expect((await issue(of, expired.licenceKey)).token).to.be.a('string');
    ground.knobs.now += 1;
    expect((await rejection(issue(of, expired.licenceKey))).code).to.equal('licensing.offline_expired');
    expect(await eventsOf(of, 'OfflineLicenceIssued')).to.have.length(1);
  });

  it('are given for nothing that was not generated like that, revoked or not', async () => {
    const of = account();
    const { id } = of.tenant;
    const { generate, licences } = ground.program();
    const { generatedAt, validUntil, quantumSignature } = await generate(of);
    const { personalData } = ground.sealing;
    const licenceKey = keyNumber(666);
    const holder = { endCustomerId: 'user@acmecorp.com', metadata: null, quantumSignature };
    const sealed = await personalData.seal(await personalData.subject(id, 'user@acmecorp.com'), holderPlace(id, licenceKey), JSON.stringify(holder));
    const forged = generatedEvent({ number: 2, licenceKey, holder: sealed, features: ['root'], generatedAt, validUntil });
    await ground.store.append(ledgerStream({ tenant: id }, 0), 'any', [forged], CAUSE);
    expect((await rejection(issue(of, licenceKey))).code).to.equal('licensing.offline_forged');
    await licences.revoke(of, licenceKey, undefined, CAUSE);
    expect((await rejection(issue(of, licenceKey))).code).to.equal('licensing.offline_forged');
    expect(await eventsOf(of, 'OfflineLicenceIssued')).to.have.length(0);
  });

  it('are signed by one key, however many are the first to ask, also in another process', async () => {
    const of = account();
    const { licenceKey } = await ground.program().generate(of);
    const processes = [open(), open(), open()];
    const issued = await Promise.all(Array.from({ length: 24 }, async (_, index) => (processes[index % 3] ?? open()).offline.issue(of.tenant.id, { licenceKey, algorithm: index % 2 === 0 ? 'Ed25519' : 'ML-DSA-65', graceDays: 0 }, CAUSE)));
    expect(new Set(issued.map((one) => one.kid)).size).to.equal(2);
    expect(await eventsOf(of, 'LicenceSigningKeyAdded')).to.have.length(2);
  });

  it('are signed by the next key after a rotation, at once and in every process; a rotation that is repeated is one', async () => {
    const of = account();
    const { licenceKey } = await ground.program().generate(of);
    const [one, other] = [open(), open()];
    const kidIn = async ({ offline }: ReturnType<typeof open>) => (await offline.issue(of.tenant.id, { licenceKey, algorithm: 'Ed25519', graceDays: 0 }, CAUSE)).kid;
    const before = await kidIn(one);
    expect(await kidIn(other)).to.equal(before);
    const commandId = randomIds.next();
    for (const process of [one, other, one]) await process.keys.rotate(of.tenant.id, ['ML-DSA-65', 'Ed25519'], { ...CAUSE, commandId });
    const after = await kidIn(one);
    expect(after).to.not.equal(before);
    expect(await kidIn(other)).to.equal(after);
    expect(await eventsOf(of, 'LicenceSigningKeyAdded')).to.have.length(3);
    const stored = JSON.stringify(await eventsOf(of, 'LicenceSigningKeyAdded'));
    expect(stored).to.include(signingKeysStream(of.tenant.id)).and.not.include('PRIVATE');
  });

  describe('revocation lists', () => {
    it('are complete up to the end of the log, and empty where nothing was revoked', async () => {
      const of = account();
      await revoke(account(), 1);
      const head = await ground.log.head();
      expect(await next(of)).to.deep.equal({ from: '0', to: head, more: false, revoked: [] });
    });

    it('come in pieces that follow one another, whoever else writes meanwhile', async () => {
      const of = account();
      const positions: string[] = [];
      for (let number = 1; number <= 7; number += 1) {
        positions.push(await revoke(of, number));
        await revoke(account(), number);
      }
      const first = await next(of);
      expect(first).to.deep.equal({ from: '0', to: positions[2], more: true, revoked: [1, 2, 3].map(hash) });
      const second = await next(of, { position: first.to });
      expect(second).to.deep.equal({ from: positions[2], to: positions[5], more: true, revoked: [4, 5, 6].map(hash) });
      const third = await next(of, { position: second.to });
      expect(third).to.deep.include({ from: positions[5], more: false, revoked: [hash(7)] });
      expect(third.to >= (positions[6] ?? '')).to.equal(true);
      const position = await revoke(of, 8);
      const fourth = await next(of, { position: third.to });
      expect(fourth).to.deep.include({ from: third.to, more: false, revoked: [hash(8)] });
      expect(fourth.to >= position).to.equal(true);
      expect((await next(of, { position: fourth.to })).revoked).to.deep.equal([]);
    });

    it('begin, for a time, before everything that was revoked then or later, also where a clock was set back', async () => {
      const of = account();
      const positions = [await revoke(of, 1, hours(0)), await revoke(of, 2, hours(5)), await revoke(of, 3, hours(2)), await revoke(of, 4, hours(6))];
      const fromOf = async (count: number) => (await next(of, { moment: new Date(hours(count)).toISOString() })).from;
      expect(await fromOf(0)).to.equal('0');
      expect(await fromOf(1)).to.equal(positions[0]);
      expect(await fromOf(2)).to.equal(positions[0]);
      expect(await fromOf(3)).to.equal(positions[0]);
      expect(await fromOf(5.5)).to.equal(positions[2]);
      expect((await next(of, { moment: new Date(hours(6)).toISOString() })).revoked).to.deep.equal([hash(4)]);
      expect(await next(of, { moment: new Date(hours(7)).toISOString() })).to.deep.include({ from: positions[3], revoked: [] });
    });

    it('begin for a time whatever is revoked while they are looked for', async () => {
      const of = account();
      const places = createRevocationPlaces({ reader: ground.projections.reader });
      let position = '';
      const busy = { before: async (...asked: Parameters<typeof places.before>) => { position = await revoke(of, 1, hours(1)); return places.before(...asked); } };
      const moment = new Date(hours(2)).toISOString();
      const bundle = await open({ places: busy }).bundles.bundle(of.tenant.id, { since: { moment }, algorithm: 'Ed25519' }, CAUSE);
      expect(bundle).to.deep.include({ from: position, more: false, count: 0 });
      expect(bundle.to >= position).to.equal(true);
    });

    it('begin nowhere beyond the end of the log', async () => {
      const of = account();
      const head = String(await ground.log.head());
      expect((await next(of, { position: head })).from).to.equal(head);
      const beyond = String(Number(head) + 10_000).padStart(20, '0');
      const refused = await rejection(next(of, { position: beyond }));
      expect([refused.code, refused.details]).to.deep.equal(['request.invalid', { fields: { since: 'is a position beyond the end of the log' } }]);
    });
  });
});
