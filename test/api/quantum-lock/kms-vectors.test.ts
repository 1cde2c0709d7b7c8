/** Wycheproof's verify sets through POST /kms/verify, on keys imported through the platform API. */
import { expect } from 'chai';
import { createAsk, createMake, type Ask } from '../../reliability/world.ts';
import { createTenant, startApp, type App } from '../../support/app.ts';
import { fromHex, publicKeyOf, verifySet, type VerifyGroup, type WycheproofTest } from '../../support/wycheproof.ts';

const SETS = [['ML-DSA-65', 'ML-DSA-65'], ['ML-DSA-87', 'ML-DSA-87'], ['ED25519', 'Ed25519']] as const;
/** Vectors with a context: the KMS signs and verifies with the empty one; they run at the crypto port (test/contract). */
const EXCEPTED = { 'ML-DSA-65': 7, 'ML-DSA-87': 7, ED25519: 0 } as const;
const SLUG = 'vectors';
const IN_FLIGHT = 32;

const hasContext = ({ ctx = '' }: WycheproofTest): boolean => ctx !== '';

describe('quantum-lock: published vectors through the KMS', function suite() {
  this.timeout(30_000);
  let app: App;
  let ask: Ask;
  let close: () => void;
  let token: string;
  before(async () => {
    app = await startApp();
    await createTenant(app, SLUG);
    ({ ask, close } = createAsk(Number(new URL(app.url).port), IN_FLIGHT));
    const made = await createMake(ask)(`Bearer ${app.operatorToken}`, 'POST', `/platform/v1/tenants/${SLUG}/credentials`, { surface: 'quantum-lock', kind: 'service', name: 'vectors' });
    token = `Bearer ${made['secret']}`;
  });
  after(async () => {
    close();
    await app.close();
  });

  const post = async (path: string, authorization: string, body: object): Promise<Readonly<{ status: number; text: string }>> => ask({ method: 'POST', path, authorization, body: JSON.stringify(body) });

  /** Valid, or not: a key that cannot be imported verifies nothing. Throws on any other answer. */
  const verdictOf = async (algorithm: string, keyId: string, { msg = '', sig }: WycheproofTest): Promise<boolean> => {
    const { status, text } = await post('/quantum-lock/api/v1/kms/verify', token, { data: fromHex(msg).toString('base64'), signature: fromHex(sig).toString('base64'), key_id: keyId, algorithm });
    const { valid } = JSON.parse(text) as { valid?: unknown };
    if (status !== 200 || typeof valid !== 'boolean') throw new Error(`${status} ${text}`);
    return valid;
  };

  const judgeGroup = async (algorithm: string, group: VerifyGroup, keyId: string): Promise<readonly (number | undefined)[]> => {
    const imported = await post(`/platform/v1/tenants/${SLUG}/kms-keys`, `Bearer ${app.operatorToken}`, { key_id: keyId, algorithm, public_key: publicKeyOf(group).toString('base64') });
    const refused = imported.status === 400 && imported.text.includes('"public_key"');
    if (imported.status !== 201 && !refused) throw new Error(`${imported.status} ${imported.text}`);
    return Promise.all(group.tests.filter((test) => !hasContext(test)).map(async (test) => {
      const valid = refused ? false : await verdictOf(algorithm, keyId, test);
      return valid === (test.result === 'valid') ? undefined : test.tcId;
    }));
  };

  for (const [algorithm, set] of SETS) {
    const excepted = EXCEPTED[algorithm];
    it(`${algorithm}: every vector is judged as published${excepted === 0 ? '' : `, ${excepted} with a context excepted`}`, async () => {
      const { testGroups, numberOfTests } = verifySet(set);
      const judged = (await Promise.all(testGroups.map((group, index) => judgeGroup(algorithm, group, `group-${index}`)))).flat();
      expect(judged.filter((tcId) => tcId !== undefined), 'deviations').to.deep.equal([]);
      expect(testGroups.flatMap(({ tests }) => tests.filter(hasContext)), 'with a context').to.have.length(excepted);
      expect(judged).to.have.length(numberOfTests - excepted);
      expect(judged.length).to.be.greaterThan(100);
    });
  }
});
