/** Promise 8 for keys: the default key of a service is made once, however many first ask for it at once, and in however many programs. */
import { expect } from 'chai';
import type { Kms, Service } from '../../application/keys/kms.ts';
import { kmsKeyStream, ownDefaultName, seedPlace, type KmsKeys } from '../../application/keys/kms-keys.ts';
import type { SignatureEngine } from '../../application/keys/ports.ts';
import { keyDigests } from '../../infrastructure/crypto/signatures.ts';
import { collect } from '../support/collect.ts';
import { createKeysProgram, newService, openKeysGround, type KeysGround } from '../support/keys.ts';
import { someCause } from '../support/sample-events.ts';

const AT_ONCE = 64;
const ROUNDS = 20;

describe('promise 8: the default key is made once', function suite() {
  this.timeout(60_000);
  let ground: KeysGround;
  before(async () => {
    ground = await openKeysGround();
  });
  after(() => ground.close());

  /** Signs for the first time everywhere at once: how many keys were made, and how many signatures do not verify afterwards. */
  const race = async (service: Service, programs: readonly Kms[]): Promise<Readonly<{ made: number; lost: number }>> => {
    const asked = { keyId: 'default', algorithm: 'Ed25519', data: Buffer.from('first') } as const;
    const signed = await Promise.all(Array.from({ length: AT_ONCE }, async (_, index) => (programs[index % programs.length] as Kms).sign(service, asked, someCause)));
    const { kms } = createKeysProgram(ground);
    const verified = await Promise.all(signed.map(({ signature }) => kms.verify(service, { ...asked, signature }, someCause)));
    const events = await collect(ground.store.read(kmsKeyStream(service.tenant.id, ownDefaultName(service.name, 'Ed25519'))));
    return { made: events.length, lost: verified.filter(({ valid }) => !valid).length };
  };

  it(`${ROUNDS} × ${AT_ONCE} first uses at once, in two programs: one key each, and every signature verifies`, async () => {
    const programs = [createKeysProgram(ground).kms, createKeysProgram(ground).kms];
    for (let round = 0; round < ROUNDS; round += 1) expect(await race(newService(), programs)).to.deep.equal({ made: 1, lost: 0 });
  });

  it('goes red when whoever finds no key signs with the one they have made themselves', async () => {
    const careless = (keys: KmsKeys, engine: SignatureEngine): KmsKeys => ({
      ...keys,
      ownDefault: async (tenant, { service, algorithm }, cause) => {
        const made = await keys.ownDefault(tenant, { service, algorithm }, cause);
        const name = ownDefaultName(service, algorithm);
        const { publicKey, seed } = await engine.generate(algorithm);
        const encoded = Buffer.from(publicKey).toString('base64url');
        const kid = keyDigests.thumbprint(algorithm, encoded);
        const sealed = await ground.secrets.seal(seedPlace(tenant, name, kid), seed);
        return { ...made, live: [{ version: 1, kid, publicKey: encoded, seed: sealed, commandId: kid }] };
      },
    });
    const { lost } = await race(newService(), [createKeysProgram(ground, careless).kms]);
    expect(lost).to.be.greaterThan(0);
  });
});
