/** Tokens as attackers make them. Each case is refused for the reason it was made for, so that no other check hides a missing one. */
import { expect } from 'chai';
import { createHmac } from 'node:crypto';
import { createLicenseVerifier } from '../../../packages/license-verifier/src/index.ts';
import { ALGORITHMS, AUDIENCE, base64url, bundle, headerOf, keySet, license, licenseClaims, makeKey, signTexts, SOLD, type Jwk, type VendorKey } from './vendor.ts';

const strong = makeKey('ML-DSA-65');
const classic = makeKey('Ed25519');
const attacker = { 'ML-DSA-65': makeKey('ML-DSA-65'), Ed25519: makeKey('Ed25519') };

const verifier = createLicenseVerifier({ keys: keySet(strong, classic), audience: AUDIENCE, clock: () => SOLD * 1_000 });
const reasonOf = async (token: unknown): Promise<string> => {
  const { valid, reason, features, licenseKey } = await verifier.verify(token as string);
  expect(valid).to.equal(false);
  expect(features).to.deep.equal([]);
  if (reason !== 'wrong_audience') expect(licenseKey, 'nothing of a token that is not ours is shown').to.equal(undefined);
  return reason;
};

const withHeader = (key: VendorKey, header: Jwk): string => license(key, {}, header);
const withHeaderText = (key: VendorKey, header: string): string => signTexts(key, header, JSON.stringify(licenseClaims()));
const parts = (token: string): [string, string, string] => token.split('.') as [string, string, string];

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

const hmac = (secret: string | Buffer, header: Jwk): string => {
  const signed = `${base64url(JSON.stringify(header))}.${base64url(JSON.stringify(licenseClaims()))}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
};

for (const algorithm of ALGORITHMS) {
  const key = algorithm === 'Ed25519' ? classic : strong;
  const other = algorithm === 'Ed25519' ? strong : classic;
  const good = headerOf(key);
  const publicKey = String(key.jwk[algorithm === 'Ed25519' ? 'x' : 'pub']);

  describe(`license verifier: attacks on ${algorithm}`, () => {
    it('the token that the attacks are made of is valid', async () => {
      expect((await verifier.verify(license(key))).reason).to.equal('valid');
    });

    it('no algorithm, or another one', async () => {
      const [, payload] = parts(license(key));
      for (const alg of ['none', 'None', 'NONE', '', 'HS256', 'EdDSA', 'ES256', 'RS256', 'ML-DSA-87', other.algorithm, algorithm.toLowerCase()]) {
        expect(await reasonOf(`${base64url(JSON.stringify({ ...good, alg }))}.${payload}.`), alg).to.equal('algorithm_not_allowed');
        expect(await reasonOf(withHeader(key, { ...good, alg })), alg).to.equal('algorithm_not_allowed');
      }
      for (const alg of [undefined, null, 1, ['Ed25519'], { toString: 'Ed25519' }]) expect(await reasonOf(withHeader(key, { ...good, alg }))).to.equal('malformed');
    });

    it('HS256 with the public key as the secret', async () => {
      for (const secret of [publicKey, Buffer.from(publicKey, 'base64url'), JSON.stringify(key.jwk)]) {
        expect(await reasonOf(hmac(secret, { ...good, alg: 'HS256' }))).to.equal('algorithm_not_allowed');
        expect(await reasonOf(hmac(secret, good))).to.equal('bad_signature');
      }
    });

    it('one algorithm under the name of the other', async () => {
      expect(await reasonOf(withHeader(key, { ...headerOf(other) }))).to.equal('bad_signature');
      expect(await reasonOf(withHeader(key, { ...good, alg: other.algorithm }))).to.equal('algorithm_not_allowed');
      expect(await reasonOf(withHeader(other, { ...good, alg: other.algorithm }))).to.equal('algorithm_not_allowed');
    });

    it('an attacker\'s key, named as ours or carried along', async () => {
      const evil = attacker[algorithm];
      expect(await reasonOf(license(evil, {}, good))).to.equal('bad_signature');
      for (const kid of ['', 'x', '../../etc/passwd', '__proto__', 'constructor', "' or 1=1 --", 'https://evil.example/key', `${key.kid}\0`, ` ${key.kid}`]) {
        expect(await reasonOf(withHeader(evil, { ...good, kid })), kid).to.equal('unknown_key');
      }
      for (const kid of [undefined, null, 0, [key.kid], {}]) expect(await reasonOf(withHeader(key, { ...good, kid }))).to.equal('malformed');
      const carried: Jwk[] = [
        { jwk: evil.jwk }, { jku: 'https://evil.example/jwks.json' }, { x5u: 'https://evil.example/chain.pem' }, { x5c: ['MIIB'] }, { x5t: 'AA' }, { 'x5t#S256': 'AA' },
      ];
      for (const members of carried) {
        expect(await reasonOf(withHeader(evil, { ...good, ...members }))).to.equal('header_not_allowed');
        expect(await reasonOf(withHeader(key, { ...good, ...members }))).to.equal('header_not_allowed');
      }
    });

    it('extensions, unencoded payloads, compression, encryption', async () => {
      const members: Jwk[] = [{ crit: [] }, { crit: ['exp'] }, { crit: ['b64'], b64: false }, { b64: false }, { b64: true }, { zip: 'DEF' }, { enc: 'A256GCM' }, { cty: 'JWT' }, { __proto_: 1 }];
      for (const more of members) expect(await reasonOf(withHeader(key, { ...good, ...more })), JSON.stringify(more)).to.equal('header_not_allowed');
      const unencoded = `${base64url(JSON.stringify({ ...good, b64: false, crit: ['b64'] }))}.{"lic":"x"}.${parts(license(key))[2]}`;
      expect(await reasonOf(unencoded)).to.equal('header_not_allowed');
    });

    it('members that are given twice, also in disguise', async () => {
      const { alg, kid, typ } = good;
      const texts = [
        `{"alg":"none","kid":"${kid}","typ":"${typ}","alg":"${alg}"}`, `{"alg":"${alg}","kid":"${kid}","typ":"${typ}","alg":"none"}`,
        `{"\\u0061lg":"none","kid":"${kid}","typ":"${typ}","alg":"${alg}"}`, `{"alg":"${alg}","kid":"x","kid":"${kid}","typ":"${typ}"}`,
      ];
      for (const text of texts) expect(await reasonOf(withHeaderText(key, text)), text).to.equal('malformed');
      const payload = JSON.stringify(licenseClaims());
      expect(await reasonOf(signTexts(key, JSON.stringify(good), `${payload.slice(0, -1)},"exp":99999999999}`))).to.equal('malformed');
      expect(await reasonOf(signTexts(key, JSON.stringify(good), `${payload.slice(0, -1)},"x":{"a":1,"a":2}}`))).to.equal('malformed');
    });

    it('headers and payloads that are no objects, or no JSON', async () => {
      for (const text of ['', 'null', '[]', '1', '"x"', '{', `${JSON.stringify(good)}{}`, `\uFEFF${JSON.stringify(good)}`, '{"alg":NaN}', "{'alg':'none'}"]) {
        expect(await reasonOf(withHeaderText(key, text)), text).to.equal('malformed');
        expect(await reasonOf(signTexts(key, JSON.stringify(good), text)), text).to.equal('malformed');
      }
      for (const [depth, reason] of [[7, 'valid'], [8, 'malformed'], [50_000, 'malformed']] as const) {
        const payload = `${JSON.stringify(licenseClaims()).slice(0, -1)},"x":${'['.repeat(depth)}${']'.repeat(depth)}}`;
        expect((await verifier.verify(signTexts(key, JSON.stringify(good), payload))).reason, `${depth}`).to.equal(reason);
      }
    });

    it('signatures cut, lengthened, changed, or written another way', async () => {
      const [header, payload, signature] = parts(license(key));
      const bytes = Buffer.from(signature, 'base64url');
      const signatures = [Buffer.alloc(0), bytes.subarray(0, -1), bytes.subarray(1), Buffer.concat([bytes, Buffer.of(0)]), Buffer.concat([bytes, bytes]), Buffer.alloc(bytes.length), Buffer.alloc(bytes.length, 255)];
      for (const [index, flipped] of signatures.entries()) expect(await reasonOf(`${header}.${payload}.${flipped.toString('base64url')}`), `${index}`).to.equal('bad_signature');
      for (const at of [0, 31, 32, bytes.length >> 1, bytes.length - 1]) {
        const one = Buffer.from(bytes);
        one[at] = (one[at] as number) ^ 1;
        expect(await reasonOf(`${header}.${payload}.${one.toString('base64url')}`)).to.equal('bad_signature');
      }
      for (const text of [`${signature}=`, `${signature}==`, `${signature} `, ` ${signature}`, `${signature}\n`, bytes.toString('base64').replaceAll('=', '').replace(/^./, '+'), `${signature}A`.padEnd(signature.length + 5 - (signature.length % 4), 'A')]) {
        expect(await reasonOf(`${header}.${payload}.${text}`), text.slice(-6)).to.equal('malformed');
      }
    });

    it('base64url that says the same in another way', async () => {
      const [header, payload, signature] = parts(license(key, { x: 'a'.repeat(3 - (JSON.stringify(licenseClaims({ x: '' })).length % 3)) + 'a' }));
      expect(payload.length % 4, 'there are bits to spare').to.not.equal(0);
      const changed = `${payload.slice(0, -1)}${ALPHABET[ALPHABET.indexOf(payload.at(-1) ?? '') + 1] ?? ''}`;
      expect(base64url(Buffer.from(changed, 'base64url'))).to.equal(payload);
      expect(await reasonOf(`${header}.${changed}.${signature}`)).to.equal('malformed');
      for (const text of [`${payload}=`, `${payload.slice(0, 4)}\n${payload.slice(4)}`, `${payload.slice(0, 4)} ${payload.slice(4)}`, `${payload}A${'A'.repeat((4 - (payload.length % 4)) % 4)}`]) {
        expect(await reasonOf(`${header}.${text}.${signature}`)).to.equal('malformed');
      }
    });

    it('the payload changed, or taken from another token', async () => {
      const [header, payload, signature] = parts(license(key));
      const tampered = base64url(JSON.stringify(licenseClaims({ exp: 9_999_999_999 })));
      expect(await reasonOf(`${header}.${tampered}.${signature}`)).to.equal('bad_signature');
      expect(await reasonOf(`${header}.${payload}.${parts(license(key, { features: [] }))[2]}`)).to.equal('bad_signature');
      expect(await reasonOf(`${base64url(` ${JSON.stringify(good)}`)}.${payload}.${signature}`)).to.equal('bad_signature');
    });

    it('another account\'s licence, another audience, a revocation list as a licence', async () => {
      expect(await reasonOf(license(key, { aud: '01936f0e-0000-7000-8000-000000000000' }))).to.equal('wrong_audience');
      expect(await reasonOf(license(makeKey(algorithm, 'theirs')))).to.equal('unknown_key');
      expect(await reasonOf(bundle(key))).to.equal('wrong_type');
      for (const typ of ['JWT', 'qlk+JWT', 'QLK+JWT', 'application/qlk+jwt', '']) expect(await reasonOf(withHeader(key, { ...good, typ })), typ).to.equal('wrong_type');
      for (const typ of [undefined, null, ['qlk+jwt']]) expect(await reasonOf(withHeader(key, { ...good, typ }))).to.equal('malformed');
      expect((await verifier.sync(license(key))).reason).to.equal('wrong_type');
    });

    it('too few or too many parts, JSON serialization, no text, absurd sizes', async () => {
      const token = license(key);
      const [header, payload, signature] = parts(token);
      const others = ['', '.', '..', '...', header, `${header}.${payload}`, `${token}.`, `.${token}`, `${token}.${signature}`, `${token}.a.b`, JSON.stringify({ protected: header, payload, signature })];
      for (const text of others) expect(await reasonOf(text), text.slice(0, 20)).to.equal('malformed');
      for (const value of [undefined, null, 7, {}, [token]]) expect(await reasonOf(value)).to.equal('malformed');
      expect(await reasonOf(license(key, { x: 'a'.repeat(300_000) }))).to.equal('malformed');
      expect(await reasonOf(withHeader(key, { ...good, kid: 'a'.repeat(20_000) }))).to.equal('malformed');
    });
  });
}
