/** The authorities over the real embedded store: first start, leaves, renewal, revocation. */
import { expect } from 'chai';
import { X509Certificate } from 'node:crypto';
import type { Authorities } from '../../../application/authorities/authorities.ts';
import type { Pki } from '../../../application/authorities/ports.ts';
import type { Cause } from '../../../application/kernel/ports.ts';
import { INSTALLATION, streamId, type TenantId } from '../../../domain/kernel/ids.ts';
import { ACME, createGround, type Ground } from '../../support/authorities.ts';
import { collect } from '../../support/collect.ts';
import { rejection } from '../../support/rejections.ts';

const START = Date.parse('2026-03-09T14:00:00.500Z');
const HOUR = 3_600_000;
const CAUSE: Cause = { actor: { kind: 'operator', id: 'operator' }, correlation: 'test' };
const tenant = (digit: string) => ({ id: `019aa5c4-6f00-7000-8000-00000000000${digit}` as TenantId, name: `Tenant ${digit}` });

const typesOf = async ({ store }: Ground, stream: ReturnType<typeof streamId>) => (await collect(store.read(stream))).map(({ type }) => type);
const revocation = (serial: string) => ({ serial, reason: 'key_compromise', revokedAt: START - 1_000 }) as const;
const leafStream = (id: TenantId) => streamId('authorities.leaf', id, 'code-signing');

/** A pki whose key generation waits until it is let go. */
const held = (pki: Pki): Readonly<{ pki: Pki; release: () => void }> => {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { release: resolve, pki: { ...pki, generateKeys: async (algorithm) => promise.then(async () => pki.generateKeys(algorithm)) } };
};

/** Authorities whose clock is set while their next key is being made. */
const setMeanwhile = ({ pki, clock, start }: Ground, time: number): Authorities =>
  start({ pki: { ...pki, generateKeys: async (algorithm) => { clock.time = time; return pki.generateKeys(algorithm); } } });

describe('authorities', function suite() {
  this.timeout(60_000);
  let ground: Ground;
  let authorities: Authorities;

  before(async () => {
    ground = await createGround(START);
    authorities = ground.start();
    await authorities.ensureInstallation();
  });
  after(async () => ground.close());
  beforeEach(() => {
    ground.clock.time = START;
  });

  it('makes one root, one issuing CA and one timestamp authority, also when two start at once', async () => {
    const fresh = await createGround(START);
    try {
      const both = [fresh.start(), fresh.start()];
      await Promise.all(both.map(async (one) => one.ensureInstallation()));
      const [first, second] = await Promise.all(both.map(async (one) => one.trustAnchors()));
      expect(first).to.deep.equal(second);
      for (const role of ['root', 'issuing', 'tsa']) {
        expect(await typesOf(fresh, streamId('authorities.authority', INSTALLATION, role)), role).to.deep.equal(['CertifiedKeyRequested', 'CertifiedKeyIssued']);
      }
    } finally {
      await fresh.close();
    }
  });

  it('gives the same anchors after a restart', async () => {
    expect(await ground.start().trustAnchors()).to.deep.equal(await authorities.trustAnchors());
  });

  it('finishes a certificate that was requested before a crash', async () => {
    const fresh = await createGround(START);
    try {
      const dying = fresh.start({ pki: { ...fresh.pki, certificate: async () => Promise.reject(new Error('killed')) } });
      await dying.ensureInstallation().catch(() => undefined);
      const stream = streamId('authorities.authority', INSTALLATION, 'root');
      const [asked] = await collect(fresh.store.read(stream));
      await fresh.start().ensureInstallation();
      const [first, issued, ...more] = await collect(fresh.store.read(stream));
      expect([first, issued?.type, more]).to.deep.equal([asked, 'CertifiedKeyIssued', []]);
    } finally {
      await fresh.close();
    }
  });

  it('makes a certificate for the time at which it is ready, where the clock is set meanwhile', async () => {
    for (const [name, time] of [['c', START + 30 * 24 * HOUR], ['d', START - HOUR]] as const) {
      ground.clock.time = START;
      const made = new X509Certificate((await setMeanwhile(ground, time).leafFor(tenant(name))).chain[0] ?? '');
      expect(time, new Date(time).toISOString()).to.be.within(made.validFromDate.getTime(), made.validToDate.getTime());
    }
  });

  it('gives a tenant an RSA-3072 certificate in its name, valid 72 hours', async () => {
    const leaf = await authorities.leafFor(ACME);
    const certificate = new X509Certificate(leaf.chain[0] ?? '');
    expect(certificate.subject).to.equal('O=Acme Corp\nCN=Acme Corp');
    expect(certificate.validToDate.getTime() - certificate.validFromDate.getTime()).to.equal(72 * HOUR);
    expect(certificate.publicKey.asymmetricKeyDetails?.modulusLength).to.equal(3072);
    expect(leaf.serial).to.equal(certificate.serialNumber.toLowerCase());
    expect(leaf.chain).to.have.length(3);
    expect(await authorities.leafFor(ACME)).to.equal(leaf);
    expect((await ground.start().leafFor(ACME)).serial, 'after a restart').to.equal(leaf.serial);
  });

  it('never gives one tenant the certificate of another', async () => {
    const [one, other] = await Promise.all([authorities.leafFor(tenant('1')), authorities.leafFor(tenant('2'))]);
    expect(one.serial).to.not.equal(other.serial);
    expect(new X509Certificate(other.chain[0] ?? '').subject).to.contain('CN=Tenant 2');
  });

  it('makes one certificate when many ask for the first', async () => {
    const asked = await Promise.all([authorities, ground.start()].flatMap((one) => Array.from({ length: 8 }, async () => one.leafFor(tenant('3')))));
    expect(new Set(asked.map(({ serial }) => serial)).size).to.equal(1);
    expect(await typesOf(ground, leafStream(tenant('3').id))).to.deep.equal(['CertifiedKeyRequested', 'CertifiedKeyIssued']);
  });

  it('asks to come back when the first certificate takes too long, and has it then', async () => {
    const { pki, release } = held(ground.pki);
    const slow = ground.start({ pki, provisioningWaitMs: 20 });
    expect(await rejection(slow.leafFor(tenant('4')))).to.deep.equal({ code: 'signing.backend_provisioning', details: { retryAfter: 3 } });
    release();
    await slow.idle();
    expect((await slow.leafFor(tenant('4'))).chain).to.have.length(3);
  });

  it('renews ahead in the background, while the old certificate still signs', async () => {
    const old = await authorities.leafFor(tenant('5'));
    ground.clock.time = START + 49 * HOUR;
    const { pki, release } = held(ground.pki);
    const renewing = ground.start({ pki });
    for (let time = 1; time <= 3; time += 1) expect((await renewing.leafFor(tenant('5'))).serial).to.equal(old.serial);
    release();
    await renewing.idle();
    expect((await renewing.leafFor(tenant('5'))).serial).to.not.equal(old.serial);
    expect(await typesOf(ground, leafStream(tenant('5').id))).to.have.length(4);
  });

  it('warns when renewal fails, and goes on signing', async () => {
    const old = await authorities.leafFor(tenant('6'));
    ground.clock.time = START + 60 * HOUR;
    const broken = ground.start({ pki: { ...ground.pki, generateKeys: async () => Promise.reject(new Error('no entropy')) } });
    expect((await broken.leafFor(tenant('6'))).serial).to.equal(old.serial);
    await broken.idle();
    expect(ground.log.warnings).to.deep.equal(['no new signing certificate could be made']);
  });

  it('signs with no certificate that is over, or not yet valid', async () => {
    const old = await authorities.leafFor(tenant('7'));
    for (const time of [START + 72 * HOUR, START - HOUR, START + 10 * 365 * 24 * HOUR]) {
      ground.clock.time = time;
      const next = new X509Certificate((await authorities.leafFor(tenant('7'))).chain[0] ?? '');
      expect(next.serialNumber.toLowerCase()).to.not.equal(old.serial);
      expect(next.validFromDate.getTime()).to.be.at.most(time);
      expect(next.validToDate.getTime()).to.be.greaterThan(time);
    }
  });

  it('keeps no private key in the clear', async () => {
    await authorities.leafFor(ACME);
    const events = await collect(ground.store.read(leafStream(ACME.id)));
    const { privateKey } = (events[0] as unknown as { data: { privateKey: { box: string } } }).data;
    // PKCS#8 of an RSA key holds this object identifier.
    expect(Buffer.from(privateKey.box, 'base64url').includes(Buffer.from('2a864886f70d010101', 'hex'))).to.equal(false);
  });

  describe('revocation', () => {
    it('lists the certificate at once and makes another', async () => {
      const old = await authorities.leafFor(tenant('8'));
      const before = await authorities.crl();
      await authorities.revokeLeaf(tenant('8'), revocation(old.serial), CAUSE);
      expect((await authorities.crl()).number).to.equal(before.number + 1);
      expect((await ground.start().leafFor(tenant('8'))).serial).to.not.equal(old.serial);
      await authorities.idle();
    });

    it('said twice adds nothing', async () => {
      const old = await authorities.leafFor(tenant('9'));
      await authorities.revokeLeaf(tenant('9'), revocation(old.serial), CAUSE);
      const { number } = await authorities.crl();
      await authorities.revokeLeaf(tenant('9'), revocation(old.serial), CAUSE);
      expect((await authorities.crl()).number).to.equal(number);
      await authorities.idle();
    });

    it('knows no certificate of another tenant, and lists nothing then', async () => {
      const { number } = await authorities.crl();
      const other = await authorities.leafFor(tenant('1'));
      expect((await rejection(authorities.revokeLeaf(ACME, revocation(other.serial), CAUSE))).code).to.equal('authorities.certificate_unknown');
      expect((await authorities.crl()).number).to.equal(number);
    });

    it('has a limit of 20 an hour and tenant, which what is said twice does not reach', async () => {
      const owner = { id: '019aa5c4-6f00-7000-8000-0000000000ab' as TenantId, name: 'Loop' };
      const { serial } = await authorities.leafFor(owner);
      const { number } = await authorities.crl();
      const now = ground.clock.now();
      const earlier = (index: number) => ({ type: 'CertifiedKeyRevoked', data: { serial: `0${index}`.slice(-2), reason: 'superseded', revokedAt: now, recordedAt: now - 60_000 + index } });
      await ground.store.append(leafStream(owner.id), 'any', Array.from({ length: 20 }, (_, index) => earlier(index)), CAUSE);
      const refused = await rejection(authorities.revokeLeaf(owner, revocation(serial), CAUSE));
      expect([refused.code, refused.details]).to.deep.equal(['authorities.too_many_revocations', { limit: 20, retryAfter: 3_540 }]);
      expect([(await authorities.crl()).number, (await authorities.leafFor(owner)).serial]).to.deep.equal([number, serial]);
      expect(await authorities.revokeLeaf(owner, revocation('07'), CAUSE)).to.equal(false);
    });

    it('is caught up after a crash between the list and the tenant', async () => {
      const owner = { id: '019aa5c4-6f00-7000-8000-0000000000aa' as TenantId, name: 'Crash' };
      const old = await authorities.leafFor(owner);
      const dying = ground.start({
        store: { ...ground.store, append: async (stream, ...rest) => stream === leafStream(owner.id) ? Promise.reject(new Error('killed')) : ground.store.append(stream, ...rest) },
      });
      await dying.revokeLeaf(owner, revocation(old.serial), CAUSE).catch(() => undefined);
      expect((await authorities.leafFor(owner)).serial).to.not.equal(old.serial);
      expect(await typesOf(ground, leafStream(owner.id))).to.deep.equal([
        'CertifiedKeyRequested', 'CertifiedKeyIssued', 'CertifiedKeyRevoked', 'CertifiedKeyRequested', 'CertifiedKeyIssued',
      ]);
    });

    it('is caught up also by a process whose clock is behind that of who listed it', async () => {
      const owner = { id: '019aa5c4-6f00-7000-8000-0000000000ac' as TenantId, name: 'Behind' };
      const old = await authorities.leafFor(owner);
      const now = { ...revocation(old.serial), revokedAt: START };
      const dying = ground.start({
        store: { ...ground.store, append: async (stream, ...rest) => stream === leafStream(owner.id) ? Promise.reject(new Error('killed')) : ground.store.append(stream, ...rest) },
      });
      await dying.revokeLeaf(owner, now, CAUSE).catch(() => undefined);
      ground.clock.time = START - 200;
      expect((await authorities.leafFor(owner)).serial).to.not.equal(old.serial);
      expect(await authorities.revokeLeaf(owner, { ...now, revokedAt: START - 300 }, CAUSE)).to.equal(false);
      expect(await typesOf(ground, leafStream(owner.id))).to.include('CertifiedKeyRevoked');
      await authorities.idle();
    });
  });
});
