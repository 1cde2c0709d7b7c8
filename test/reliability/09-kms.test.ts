/** Promises 9 and 17 for keys: what was revoked or retired is over with the answer, on connections that are open already; rotation under load loses no signature. */
import { expect } from 'chai';
import { createKeysProgram, newService, openKeysGround, type KeysGround } from '../support/keys.ts';
import { someCause } from '../support/sample-events.ts';
import { createTenant, startApp, type App } from '../support/app.ts';
import { createKmsHelper, type KmsHelper } from '../support/kms.ts';
import type { KmsKeys } from '../../application/keys/kms-keys.ts';
import type { MadeKmsKey } from '../../domain/keys/kms-key.ts';
import { createAsk, type Ask } from './world.ts';

const TRIALS = 100;
const SIGNERS = 8;
const ROTATIONS = 30;
const ED25519 = { keyId: 'releases', algorithm: 'Ed25519' } as const;
const DATA = Buffer.from('what is signed');

describe('promise 9: tokens of services are revoked at once', function suite() {
  this.timeout(60_000);
  let app: App;
  let kms: KmsHelper;
  let ask: Ask;
  let close: () => void;
  before(async () => {
    app = await startApp();
    kms = createKmsHelper(app);
    ({ ask, close } = createAsk(Number(new URL(app.url).port), 1));
    await createTenant(app, 'acme');
  });
  after(async () => {
    close();
    await app.close();
  });

  it(`${TRIALS} tokens on one connection: each signs, is revoked, and signs no more`, async () => {
    const body = JSON.stringify({ data: '', algorithm: 'ED25519' });
    for (let trial = 0; trial < TRIALS; trial += 1) {
      const { id, token } = await kms.service('acme', 'billing');
      const sign = () => ask({ method: 'POST', path: '/quantum-lock/api/v1/kms/sign', authorization: `Bearer ${token}`, body });
      expect((await sign()).status).to.equal(200);
      expect((await ask({ method: 'DELETE', path: `/platform/v1/tenants/acme/credentials/${id}`, authorization: `Bearer ${app.operatorToken}` })).status).to.equal(204);
      expect(await sign()).to.deep.include({ status: 401, text: '{"detail":"Invalid or inactive service token"}' });
    }
  });
});

describe('promise 9: versions of keys are retired at once', function suite() {
  this.timeout(60_000);
  let ground: KeysGround;
  before(async () => {
    ground = await openKeysGround();
  });
  after(() => ground.close());

  const releases = { ...ED25519, service: null };

  /** In another program than the one that retires: how many signatures were good under a version that had been retired. */
  const acceptedAfterwards = async (change: (keys: KmsKeys) => KmsKeys, trials: number): Promise<number> => {
    const [here, there] = [createKeysProgram(ground), createKeysProgram(ground, change)];
    const service = newService();
    const tenant = service.tenant.id;
    await here.keys.create(tenant, { ...ED25519, from: { kind: 'generated' } }, { ...someCause, commandId: 'create' });
    let accepted = 0;
    for (let trial = 1; trial <= trials; trial += 1) {
      const { signature } = await there.kms.sign(service, { ...ED25519, data: DATA }, someCause);
      const isGood = async (): Promise<boolean> => (await there.kms.verify(service, { ...ED25519, data: DATA, signature }, someCause)).valid;
      expect(await isGood()).to.equal(true);
      await here.keys.rotate(tenant, releases, { ...someCause, commandId: `rotate-${trial}` });
      expect(await isGood(), 'under an older version').to.equal(true);
      await here.keys.retire(tenant, releases, trial, someCause);
      if (await isGood()) accepted += 1;
    }
    return accepted;
  };

  it(`${TRIALS} versions: what each has signed verifies until it is retired, and not once after, in another program`, async () => {
    expect(await acceptedAfterwards((keys) => keys, TRIALS)).to.equal(0);
  });

  it('goes red when a key is remembered as it was', async () => {
    const known = new Map<string, Promise<MadeKmsKey | undefined>>();
    const remembering = (keys: KmsKeys): KmsKeys => ({
      ...keys,
      find: (tenant, name) => {
        const found = known.get(`${tenant}${name.keyId}${name.service}`) ?? keys.find(tenant, name);
        known.set(`${tenant}${name.keyId}${name.service}`, found);
        return found;
      },
    });
    expect(await acceptedAfterwards(remembering, 1)).to.equal(1);
  });

  it(`${ROTATIONS} rotations while ${SIGNERS} sign and verify: no signature fails`, async () => {
    const { kms, keys } = createKeysProgram(ground);
    const service = newService();
    await keys.create(service.tenant.id, { ...ED25519, from: { kind: 'generated' } }, { ...someCause, commandId: 'create' });
    const stopping = new AbortController();
    const kids = new Set<string>();
    const signer = async (): Promise<readonly boolean[]> => {
      const verdicts: boolean[] = [];
      while (!stopping.signal.aborted) {
        const { signature, kid } = await kms.sign(service, { ...ED25519, data: DATA }, someCause);
        kids.add(kid);
        verdicts.push((await kms.verify(service, { ...ED25519, data: DATA, signature }, someCause)).valid);
      }
      return verdicts;
    };
    const signers = Array.from({ length: SIGNERS }, signer);
    for (let rotation = 1; rotation <= ROTATIONS; rotation += 1) {
      // Each version signs at least once: the rotations are spread over the work.
      kids.add((await kms.sign(service, { ...ED25519, data: DATA }, someCause)).kid);
      await keys.rotate(service.tenant.id, releases, { ...someCause, commandId: `rotate-${rotation}` });
    }
    kids.add((await kms.sign(service, { ...ED25519, data: DATA }, someCause)).kid);
    stopping.abort();
    const verdicts = (await Promise.all(signers)).flat();
    expect(verdicts.filter((valid) => !valid)).to.deep.equal([]);
    expect(verdicts.length).to.be.greaterThan(ROTATIONS);
    expect(kids.size).to.equal(ROTATIONS + 1);
  });
});
