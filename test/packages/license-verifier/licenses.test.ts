/** What the verifier makes of licences that the vendor signed: for whom, for what, until when. */
import { expect } from 'chai';
import { createLicenseVerifier, type VerifierOptions } from '../../../packages/license-verifier/src/index.ts';
import { ALGORITHMS, AUDIENCE, CUSTOMER, DAY, ISSUER, keySet, LICENSE_KEY, license, makeKey, SOLD, withoutMlDsa } from './vendor.ts';

const keys = { 'ML-DSA-65': makeKey('ML-DSA-65'), Ed25519: makeKey('Ed25519') };
const both = keySet(keys['ML-DSA-65'], keys.Ed25519);
const { Ed25519: key } = keys;

const verifierAt = (seconds: number, options: Partial<VerifierOptions> = {}) =>
  createLicenseVerifier({ keys: both, audience: AUDIENCE, clock: () => seconds * 1_000, ...options });

describe('license verifier: licences', () => {
  for (const algorithm of ALGORITHMS) {
    it(`accepts a licence that is signed with ${algorithm}, and says what it holds`, async () => {
      const verdict = await verifierAt(SOLD + DAY).verify(license(keys[algorithm]), { endCustomerId: CUSTOMER, licenseKey: LICENSE_KEY, feature: 'premium' });
      expect(verdict).to.deep.equal({
        valid: true,
        reason: 'valid',
        inGrace: false,
        features: ['premium', 'api_access'],
        licenseKey: LICENSE_KEY,
        expiresAt: new Date((SOLD + 365 * DAY) * 1_000).toISOString(),
        graceEndsAt: new Date((SOLD + 379 * DAY) * 1_000).toISOString(),
        position: '00000000000000000042',
      });
    });

    it(`accepts and refuses ${algorithm} where WebCrypto has no ML-DSA`, async () => {
      const verifier = verifierAt(SOLD, { subtle: withoutMlDsa });
      const token = license(keys[algorithm]);
      expect((await verifier.verify(token)).reason).to.equal('valid');
      const [header, payload, signature = ''] = token.split('.');
      const forged = `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
      expect((await verifier.verify(`${header}.${payload}.${forged}`)).reason).to.equal('bad_signature');
    });
  }

  it('asks no runtime about signatures of another length, which some would not survive', async () => {
    const { subtle } = crypto;
    const fragile = { ...withoutMlDsa, verify: (async (...given: Parameters<typeof subtle.verify>) => {
      if ((given[2] as Uint8Array).length !== 64) throw new DOMException('length', 'OperationError');
      return subtle.verify(...given);
    }) as typeof subtle.verify };
    const verifier = verifierAt(SOLD, { subtle: fragile });
    const token = license(key);
    expect((await verifier.verify(token)).reason).to.equal('valid');
    expect((await verifier.verify(token.slice(0, -6))).reason).to.equal('bad_signature');
  });

  it('tells one end customer, licence and feature from another', async () => {
    const verifier = verifierAt(SOLD);
    const token = license(key);
    expect((await verifier.verify(token, { endCustomerId: 'other@acmecorp.example' })).reason).to.equal('customer_mismatch');
    expect((await verifier.verify(token, { endCustomerId: '' })).reason).to.equal('customer_mismatch');
    expect((await verifier.verify(token, { licenseKey: LICENSE_KEY.replace('41FB', '41FC') })).reason).to.equal('license_mismatch');
    expect((await verifier.verify(token, { licenseKey: ` ${LICENSE_KEY.toLowerCase()}` })).reason).to.equal('valid');
    expect((await verifier.verify(token, { feature: 'premium ' })).reason).to.equal('feature_missing');
    expect((await verifier.verify(token, { feature: 'constructor' })).features).to.deep.equal([]);
  });

  it('holds from nbf to exp, and through the grace time', async () => {
    const token = license(key);
    const reasonAt = async (seconds: number) => {
      const { valid, reason, inGrace } = await verifierAt(seconds).verify(token);
      return `${reason}${inGrace ? ' in grace' : ''}${valid === (reason === 'valid') ? '' : ' ?'}`;
    };
    const end = SOLD + 365 * DAY;
    expect(await reasonAt(SOLD)).to.equal('valid');
    expect(await reasonAt(end - 1)).to.equal('valid');
    expect(await reasonAt(end)).to.equal('valid in grace');
    expect(await reasonAt(end + 14 * DAY - 1)).to.equal('valid in grace');
    expect(await reasonAt(end + 14 * DAY)).to.equal('expired');
    const later = license(key, { nbf: SOLD + DAY });
    expect((await verifierAt(SOLD).verify(later)).reason).to.equal('not_yet_valid');
    expect((await verifierAt(SOLD + DAY).verify(later)).reason).to.equal('valid');
  });

  it('asks for the issuer when it is given one', async () => {
    const token = license(key);
    expect((await verifierAt(SOLD, { issuer: ISSUER }).verify(token)).reason).to.equal('valid');
    expect((await verifierAt(SOLD, { issuer: `${ISSUER}/` }).verify(token)).reason).to.equal('wrong_issuer');
  });

  it('knows licences of before a rotation by the keys of after it, and new ones only by those', async () => {
    const [old, young] = [makeKey('ML-DSA-65', 'old'), makeKey('ML-DSA-65', 'young')];
    const [before, after] = [license(old), license(young)];
    const reasonBy = async (token: string, ...known: readonly (typeof old)[]) => (await verifierAt(SOLD, { keys: keySet(...known) }).verify(token)).reason;
    expect(await reasonBy(before, old, young)).to.equal('valid');
    expect(await reasonBy(after, old, young)).to.equal('valid');
    expect(await reasonBy(after, old)).to.equal('unknown_key');
  });

  it('refuses signed claims that make no sense', async () => {
    const broken: Readonly<Record<string, unknown>>[] = [
      { iss: undefined }, { aud: [AUDIENCE] }, { sub: 'x' }, { lic: 7 }, { features: 'premium' }, { features: [1] }, { iat: '1' }, { nbf: 1.5 }, { exp: 1e300 },
      { exp: SOLD - 1 }, { exp: -1 }, { grace: -1 }, { grace: 91 * DAY }, { grace: undefined }, { pos: '' }, { pos: null },
    ];
    for (const changes of broken) expect((await verifierAt(SOLD).verify(license(key, changes))).reason, JSON.stringify(changes)).to.equal('claims_invalid');
  });

  it('takes from a key set what is for licences alone, and says when nothing is left', async () => {
    const session = makeKey('Ed25519', 'session', {});
    const kms = makeKey('Ed25519', 'kms', { purpose: 'kms' });
    const mixed = keySet(session, kms, key);
    expect((await verifierAt(SOLD, { keys: mixed }).verify(license(key))).reason).to.equal('valid');
    for (const other of [session, kms]) expect((await verifierAt(SOLD, { keys: mixed }).verify(license(other))).reason).to.equal('unknown_key');
    expect(() => verifierAt(SOLD, { keys: keySet(session, kms) })).to.throw(TypeError, 'no ML-DSA-65 or Ed25519 key');
    expect(() => verifierAt(SOLD, { keys: {} as never })).to.throw(TypeError, 'JWK set');
    expect(() => verifierAt(SOLD, { keys: keySet(key, makeKey('Ed25519')) })).to.throw(TypeError, 'two keys are named Ed25519');
    expect(() => verifierAt(SOLD, { audience: '' })).to.throw(TypeError, 'audience');
    const short = { ...key.jwk, x: (key.jwk.x as string).slice(4) };
    expect(() => verifierAt(SOLD, { keys: { keys: [short] } })).to.throw(TypeError);
  });
});
