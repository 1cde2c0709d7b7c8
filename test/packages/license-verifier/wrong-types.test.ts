/** What JavaScript may hand over where TypeScript would have said no: mistakes of the program at its creation, and data ever after. */
import { expect } from 'chai';
import { createLicenseVerifier, type Asked, type LicenseVerifier } from '../../../packages/license-verifier/src/index.ts';
import { AUDIENCE, bundle, CUSTOMER, DAY, keySet, LICENSE_KEY, license, makeKey, SOLD, withoutMlDsa } from './vendor.ts';

const key = makeKey('Ed25519');
const NO_TEXT: readonly unknown[] = [null, undefined, 0, 7, Number.NaN, true, false, {}, [], ['x'], Symbol('x'), () => 'x', 7n, new Uint8Array(2), new Map()];

const good = { keys: keySet(key), audience: AUDIENCE, clock: () => SOLD * 1_000 };
const create = (changes: Readonly<Record<string, unknown>>): LicenseVerifier => createLicenseVerifier({ ...good, ...changes });

/** What is no option of the kind, by the name of the option that has to be named. */
const WRONG: Readonly<Record<string, readonly unknown[]>> = {
  keys: [...NO_TEXT, 'x', { keys: {} }, { keys: 'x' }, { keys: [] }, { keys: [null] }, { keys: [undefined, key.jwk] }, { keys: [key.jwk, 7] }, { keys: ['x'] }, { keys: Object.assign(Array(1), { 1: key.jwk }) }, [key.jwk]],
  audience: [...NO_TEXT, ''],
  issuer: [...NO_TEXT.filter((value) => value !== undefined), ''],
  storage: [null, 7, 'x', {}, { get: () => null }, { set: () => undefined }, { get: 'x', set: 'x' }],
  clock: [null, 0, SOLD, 'x', {}, new Date(0)],
  clockToleranceSeconds: [null, Number.NaN, Infinity, -1, '300', {}, 300n],
  maxRevocationAgeSeconds: [null, Number.NaN, Infinity, -1, '300', {}, 300n],
  subtle: [null, 7, 'x', {}, { verify: () => true }],
};

describe('license verifier: wrong types at its creation', () => {
  for (const [option, values] of Object.entries(WRONG)) {
    it(`are TypeErrors that name ${option}`, () => {
      for (const [index, value] of values.entries()) expect(() => create({ [option]: value }), `${index}`).to.throw(TypeError, new RegExp(`^${option}: `));
    });
  }

  it('are TypeErrors where there are no options at all', () => {
    for (const value of [null, undefined, 7, 'x']) expect(() => createLicenseVerifier(value as never)).to.throw(TypeError, /^options: /);
  });

  it('what is left out, or undefined, has its default', async () => {
    const verifier = create({ issuer: undefined, storage: undefined, clockToleranceSeconds: undefined, maxRevocationAgeSeconds: undefined, subtle: undefined });
    expect((await verifier.verify(license(key))).reason).to.equal('valid');
    expect((await create({ clockToleranceSeconds: 0, maxRevocationAgeSeconds: 0 }).verify(license(key))).reason).to.equal('revocations_stale');
  });

  it('keys of other kinds are passed over, whatever their members are', async () => {
    const odd = [{}, [], { kty: 'OKP' }, { kty: null }, { ...key.jwk, kid: 7 }, { ...key.jwk, x: 7 }, { ...key.jwk, x: null }, { ...key.jwk, kid: 'odd', alg: ['Ed25519'] }];
    expect((await create({ keys: { keys: [...odd, key.jwk] } }).verify(license(key))).reason).to.equal('valid');
  });
});

describe('license verifier: wrong types as data', () => {
  it('are no licence, no list, no export', async () => {
    const verifier = create({});
    for (const value of NO_TEXT) {
      expect((await verifier.verify(value as string)).reason).to.equal('malformed');
      expect(await verifier.sync(value as string)).to.deep.equal({ ok: false, reason: 'malformed', position: '0', more: false });
      expect(await verifier.importState(value as string)).to.equal('malformed');
    }
  });

  it('as the question are never a yes: not the licence that was asked about', async () => {
    const verifier = create({});
    for (const asked of [null, 7, 'x', true, [], [CUSTOMER], () => ({}), Symbol('x')]) {
      expect(await verifier.verify(license(key), asked as unknown as Asked)).to.include({ valid: false, reason: 'license_mismatch' });
    }
    expect((await verifier.verify(license(key), undefined)).reason).to.equal('valid');
    expect((await verifier.verify('x', null as unknown as Asked)).reason, 'the token comes first').to.equal('malformed');
  });

  it('in the question are mismatches', async () => {
    const verifier = create({});
    const reasonOf = async (asked: object): Promise<string> => (await verifier.verify(license(key), asked)).reason;
    for (const value of NO_TEXT.filter((one) => one !== undefined)) {
      expect(await reasonOf({ licenseKey: value })).to.equal('license_mismatch');
      expect(await reasonOf({ endCustomerId: value })).to.equal('customer_mismatch');
      expect(await reasonOf({ feature: value })).to.equal('feature_missing');
    }
    expect(await reasonOf({ endCustomerId: { toString: () => CUSTOMER } })).to.equal('customer_mismatch');
    expect(await reasonOf({ licenseKey: { trim: () => ({ toUpperCase: () => LICENSE_KEY }) } })).to.equal('license_mismatch');
    expect(await reasonOf({ licenseKey: undefined, endCustomerId: undefined, feature: undefined })).to.equal('valid');
  });

  it('from the clock are no time', async () => {
    for (const now of [null, undefined, String(SOLD * 1_000), new Date(SOLD * 1_000), BigInt(SOLD), {}]) {
      const verifier = create({ clock: () => now });
      expect((await verifier.verify(license(key))).reason).to.equal('clock_rolled_back');
      expect((await verifier.sync(bundle(key))).reason).to.equal('issued_in_future');
    }
  });
});

describe('license verifier: a clock that loses the time', () => {
  it('while a licence is looked at, makes nothing valid', async () => {
    for (let good_ = 0; good_ < 6; good_ += 1) {
      let reads = 0;
      const clock = (): number => (reads++ < good_ ? (SOLD + 999 * DAY) * 1_000 : Number.NaN);
      expect((await create({ clock }).verify(license(key))).reason, `after ${good_}`).to.be.oneOf(['clock_rolled_back', 'expired']);
    }
  });
});

describe('license verifier: a WebCrypto that fails', () => {
  it('on a key, accepts nothing by that key, and asks again the next time', async () => {
    let failing = true;
    const subtle = { ...withoutMlDsa, importKey: (async (...given: Parameters<typeof withoutMlDsa.importKey>) => {
      if (failing) throw new DOMException('no such algorithm', 'NotSupportedError');
      return withoutMlDsa.importKey(...given);
    }) as typeof withoutMlDsa.importKey };
    const verifier = create({ subtle });
    expect((await verifier.verify(license(key))).reason).to.equal('algorithm_not_allowed');
    expect((await verifier.sync(bundle(key, { iat: SOLD }))).reason).to.equal('algorithm_not_allowed');
    failing = false;
    expect((await verifier.verify(license(key))).reason).to.equal('valid');
  });

  it('on a signature, calls it a bad one; and answers other than true are none', async () => {
    for (const answer of [() => Promise.reject(new DOMException('no', 'OperationError')), async () => 'true', async () => 1, async () => undefined]) {
      const verifier = create({ subtle: { ...withoutMlDsa, verify: answer } });
      expect((await verifier.verify(license(key, { exp: SOLD + DAY }))).reason).to.equal('bad_signature');
    }
  });
});
