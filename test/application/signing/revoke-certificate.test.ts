/** Revoking a certificate while it is being used, over the real embedded stores and projections and in two programs on the same log. */
import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import { catalogue } from '../../../application/catalogue.ts';
import { createEventCodec } from '../../../application/kernel/event-codec.ts';
import type { Cause } from '../../../application/kernel/ports.ts';
import { createSigningOperations } from '../../../application/signing/operations.ts';
import { createRevokeSigningCertificate } from '../../../application/signing/revoke-certificate.ts';
import { createSignDigest, type SignDigestDeps } from '../../../application/signing/sign-digest.ts';
import type { TenantId } from '../../../domain/kernel/ids.ts';
import { Rejection } from '../../../domain/kernel/rejection.ts';
import { openEmbedded, type Embedded } from '../../../infrastructure/runtime/embedded.ts';
import { createProjections, type Projections } from '../../../projections/kernel/projections.ts';
import { createPendingSignings, openSigningOperations } from '../../../projections/signing/open-operations.ts';
import { randomIds } from '../../support/random-ids.ts';
import { failOnFatal, silentLogger } from '../../support/silent.ts';
import { DIGEST, person, tenantView, UNLIMITED } from '../../support/signing.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const CAUSE: Cause = { actor: { kind: 'system', id: 'test' }, correlation: 'test' };
const NOW = Date.parse('2026-03-09T15:00:00.000Z');
const clock = { now: () => NOW };

/** Of the event loop. */
const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await setImmediate();
};

describe('revoking a certificate that is being used', () => {
  const directory = temporaryDirectory();
  let embedded: Embedded;
  let projections: Projections;
  before(async () => {
    embedded = await openEmbedded({ dataDir: directory.path, codec: createEventCodec(catalogue), clock, logger: silentLogger, onFatal: failOnFatal });
    projections = createProjections({ clock, log: embedded.log, store: embedded.readModels, logger: silentLogger, definitions: [openSigningOperations] });
    await projections.start();
  });
  after(async () => {
    await projections.stop();
    await embedded.close();
    directory.remove();
  });

  /** Of a read model that nobody keeps: it knows nothing. */
  const STANDING = { ...openSigningOperations, version: 99 };
  before(() => embedded.readModels.prepare(STANDING));

  /** The leaf at hand is the first that is not revoked; a signature waits in front of the timestamp for as long as the test says. */
  const world = (over: Partial<SignDigestDeps> = {}, isStanding = false) => {
    const tenant = tenantView({ id: randomIds.next() as TenantId });
    const revoked = new Set<string>();
    const serials = { given: [] as string[] };
    const knobs: { stamp: () => Promise<unknown> } = { stamp: async () => undefined };
    const leaf = (): string => ['0a', '0b', '0c', '0d'].find((serial) => !revoked.has(serial)) ?? expect.fail('no leaf is left');
    const sign = async () => {
      const serial = leaf();
      serials.given.push(serial);
      await knobs.stamp();
      return { pkcs7: Buffer.from(serial), certificateChain: [Uint8Array.of(1)], certificateSerial: serial, timestamp: '2026-03-09T15:00:03Z' };
    };
    // Another program: it shares nothing with the one that signs but the log.
    const revoke = createRevokeSigningCertificate({
      authorities: { revokeLeaf: async (_owner, { serial }) => { const first = !revoked.has(serial); revoked.add(serial); return first; } },
      pending: createPendingSignings({ log: embedded.log, readModels: embedded.readModels, reader: isStanding ? { serving: () => STANDING } : projections.reader }),
      operations: createSigningOperations(embedded.store),
      clock,
    });
    const signDigest = createSignDigest({
      ...UNLIMITED, operations: createSigningOperations(embedded.store), backend: { sign }, clock, ids: randomIds,
      personalData: { seal: async ({ id }) => ({ subject: id, box: 'sealed' }) },
      ...over,
    });
    const ask = async (): Promise<string> => {
      const request = { commandId: randomIds.next(), digest: Buffer.from(DIGEST, 'base64'), fileName: 'a.exe', fileSize: 1, ip: '192.0.2.7' };
      try {
        return (await signDigest(person({ tenant }), request, CAUSE)).signed.certificateSerial;
      } catch (error) {
        return error instanceof Rejection ? error.code : String(error);
      }
    };
    const history = async (): Promise<readonly string[]> => {
      const { events } = await embedded.log.feed().pull(undefined, 100_000, AbortSignal.timeout(5_000));
      return events.filter((event) => event.tenant === tenant.id).map(({ type, data }) => {
        const { certificateSerial, code } = data as Readonly<{ certificateSerial?: string; code?: string }>;
        return [type, certificateSerial, code].filter((part) => part !== undefined).join(' ');
      });
    };
    return { tenant, knobs, serials, ask, history, revoke: (serial: string) => revoke(tenant, { serial, reason: 'key_compromise', revokedAt: NOW }, CAUSE) };
  };

  it('lets nothing be completed with it any more; what was under way is made again with the new one', async () => {
    const { knobs, ask, revoke, history, serials } = world();
    const stamped = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    knobs.stamp = async () => { if (serials.given.length === 3) begun.resolve(); return stamped.promise; };
    const under = [ask(), ask(), ask()];
    await begun.promise;
    expect(await revoke('0a')).to.equal(true);
    stamped.resolve();
    expect(await Promise.all(under)).to.deep.equal(['0b', '0b', '0b']);
    expect(serials.given).to.deep.equal(['0a', '0a', '0a', '0b', '0b', '0b']);
    expect((await history()).filter((line) => line.startsWith('SigningCompleted'))).to.deep.equal(Array.from({ length: 3 }, () => 'SigningCompleted 0b'));
  });

  it('once: who loses two certificates to it fails, and everything is given back', async () => {
    const released: string[] = [];
    const { knobs, ask, revoke, history, serials } = world({ quotas: { ...UNLIMITED.quotas, release: async ({ operationId }) => void released.push(operationId) } });
    knobs.stamp = async () => revoke(serials.given.at(-1) ?? '');
    expect(await ask()).to.equal('signing.certificate_revoked');
    expect(await history()).to.deep.equal([
      'SigningRequested', 'CertificateWithdrawn 0a', 'CertificateWithdrawn 0b', 'SigningFailed signing.certificate_revoked',
    ]);
    expect(released).to.have.length(1);
  });

  it('asks once more who it is and what the policy says before it is made again', async () => {
    const refusals: string[] = [];
    const looks: string[] = [];
    const { knobs, ask, revoke, history } = world({
      access: { current: async <Known>(known: Known): Promise<Known> => { looks.push('access'); return known; } },
      rules: { look: () => undefined, take: () => { if (looks.push('rules') > 2) throw new Rejection('signing.policy_lockdown'); return undefined; } },
      recordRefusal: async (_asked, { error }) => void refusals.push((error as Rejection).code),
    });
    knobs.stamp = async () => revoke('0a');
    expect(await ask()).to.equal('signing.policy_lockdown');
    expect(looks).to.deep.equal(['access', 'rules', 'access', 'rules']);
    expect(await history()).to.deep.equal(['SigningRequested', 'CertificateWithdrawn 0a', 'SigningFailed signing.policy_lockdown']);
    expect(refusals).to.deep.equal(['signing.policy_lockdown']);
  });

  it('leaves what was completed before, and other organizations, alone; saying it again finishes what another began', async () => {
    const { ask, revoke, history } = world();
    const other = world();
    const held = Promise.withResolvers<void>();
    other.knobs.stamp = () => held.promise;
    const theirs = other.ask();
    expect(await ask()).to.equal('0a');
    expect([await revoke('0a'), await revoke('0a')]).to.deep.equal([true, false]);
    held.resolve();
    expect([await theirs, await ask()]).to.deep.equal(['0a', '0b']);
    expect((await history()).filter((line) => line.startsWith('Certificate'))).to.deep.equal([]);
  });

  const whenever = async (isStanding: boolean): Promise<void> => {
    for (let round = 0; round < 20; round += 1) {
      const { ask, revoke, history, knobs, serials } = world({}, isStanding);
      const over = Promise.withResolvers<void>();
      knobs.stamp = () => (serials.given.length % 2 === 0 ? turns(serials.given.length * 5) : over.promise);
      const asked = Array.from({ length: 8 }, ask);
      while (serials.given.length < round % 9) await setImmediate();
      await revoke('0a');
      const complete = (await history()).filter((line) => line === 'SigningCompleted 0a').length;
      over.resolve();
      const answers = await Promise.all(asked);
      expect(answers.filter((serial) => serial === '0a')).to.have.length(complete);
      expect((await history()).filter((line) => line === 'SigningCompleted 0a')).to.have.length(complete);
    }
  };
  it('whenever it comes: an answer with it was complete before the revocation was', () => whenever(false));
  it('also while the read model stands still: what it lacks is read from the log', () => whenever(true));
});
