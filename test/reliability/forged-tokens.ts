/** Access tokens that nobody may ever accept, by what is wrong with them; each forger knows all that is public, and more. */
import { createHmac, createPrivateKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';

export type Forgery = readonly [what: string, token: string];

/** What is known of the program that is attacked: its public key and a token that is good now. */
export type Target = Readonly<{ kid: string; publicKey: KeyObject; privateKey: KeyObject; claims: Readonly<Record<string, unknown>>; token: string }>;

type Sign = (input: Buffer) => Buffer;

const encode = (value: unknown): string => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const compact = (header: unknown, claims: unknown, by: Sign): string => {
  const input = `${encode(header)}.${encode(claims)}`;
  return `${input}.${by(Buffer.from(input)).toString('base64url')}`;
};
const signWith = (key: KeyObject, algorithm: string | null = null): Sign => (input) => sign(algorithm, input, key);
const mac = (algorithm: string, key: Buffer | string): Sign => (input) => createHmac(algorithm, key).update(input).digest();
const nothing: Sign = () => Buffer.alloc(0);

const unsecured = ({ kid, claims, token }: Target): readonly Forgery[] => {
  const signature: Sign = () => Buffer.from(token.split('.')[2] ?? '', 'base64url');
  return ['none', 'None', 'NONE', 'nOnE', '', null].flatMap((alg) => [
    [`alg ${String(alg)} without signature`, compact({ alg, kid, typ: 'at+jwt' }, claims, nothing)] as const,
    [`alg ${String(alg)} with a signature`, compact({ alg, kid, typ: 'at+jwt' }, claims, signature)] as const,
  ]);
};

const macced = ({ kid, claims, publicKey }: Target): readonly Forgery[] => {
  const jwk = publicKey.export({ format: 'jwk' });
  const keys: readonly (readonly [string, Buffer | string])[] = [
    ['raw', Buffer.from(jwk.x ?? '', 'base64url')],
    ['x', jwk.x ?? ''],
    ['SPKI DER', publicKey.export({ format: 'der', type: 'spki' })],
    ['SPKI PEM', publicKey.export({ format: 'pem', type: 'spki' })],
    ['JWK', JSON.stringify(jwk)],
    ['empty', ''],
  ];
  return [['HS256', 'sha256'], ['HS384', 'sha384'], ['HS512', 'sha512']].flatMap(([alg = '', hash = '']) =>
    keys.map(([name, key]) => [`${alg} with the public key (${name})`, compact({ alg, kid, typ: 'at+jwt' }, claims, mac(hash, key))] as const),
  );
};

const otherKeys = ({ kid, claims }: Target): readonly Forgery[] => {
  const ed25519 = generateKeyPairSync('ed25519').privateKey;
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const header = (alg: string, more: object = {}) => ({ alg, kid, typ: 'at+jwt', ...more });
  const der = generateKeyPairSync('ml-dsa-65').privateKey;
  return [
    ['another Ed25519 key', compact(header('EdDSA'), claims, signWith(ed25519))],
    ['another Ed25519 key without kid', compact({ alg: 'EdDSA', typ: 'at+jwt' }, claims, signWith(ed25519))],
    ['RS256', compact(header('RS256'), claims, signWith(rsa, 'sha256'))],
    ['ES256', compact(header('ES256'), claims, (input) => sign('sha256', input, { key: ec, dsaEncoding: 'ieee-p1363' }))],
    ['ES256 with r = s = 0', compact(header('ES256'), claims, () => Buffer.alloc(64))],
    ['EdDSA with R = S = 0', compact(header('EdDSA'), claims, () => Buffer.alloc(64))],
    ['ML-DSA-65', compact(header('ML-DSA-65'), claims, signWith(der))],
    ['ML-DSA-65 that says EdDSA', compact(header('EdDSA'), claims, signWith(der))],
  ];
};

/** Tokens and keys of the JOSE working group's own examples. */
const postQuantum = ({ claims }: Target): readonly Forgery[] =>
  ['44', '65', '87'].flatMap((size) => {
    const file = new URL(`../vectors/jose-mldsa/ML_DSA_${size}.jose.json`, import.meta.url);
    const { jws, jwk } = JSON.parse(readFileSync(file, 'utf8')) as { jws: string; jwk: Record<string, string> };
    const key = createPrivateKey({ key: jwk, format: 'jwk' });
    const { priv: _, ...publicJwk } = jwk;
    return [
      [`the example of ML-DSA-${size}`, jws] as const,
      [`our claims under the example key of ML-DSA-${size}`, compact({ alg: jwk['alg'], kid: jwk['kid'], typ: 'at+jwt' }, claims, signWith(key))] as const,
      [`the example key of ML-DSA-${size} brought along`, compact({ alg: jwk['alg'], jwk: publicJwk, typ: 'at+jwt' }, claims, signWith(key))] as const,
    ];
  });

/** Keys that the token itself brings, or points to; once signed by the forger, once by ourselves. */
const broughtKeys = (target: Target): readonly Forgery[] => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const { d: _, ...jwk } = publicKey.export({ format: 'jwk' });
  const url = 'https://forger.example/keys.json';
  const headers = { jwk, jku: url, x5u: url, x5c: ['MIIB'], x5t: 'AAAA', 'x5t#S256': 'AAAA', key: jwk, url };
  return Object.entries(headers).flatMap(([name, value]) => {
    const header = { alg: 'EdDSA', kid: target.kid, typ: 'at+jwt', [name]: value };
    return [
      [`${name} of the forger's`, compact(header, target.claims, signWith(privateKey))] as const,
      [`${name} without kid`, compact({ ...header, kid: undefined }, target.claims, signWith(privateKey))] as const,
      [`${name} under our own signature`, compact(header, target.claims, signWith(target.privateKey))] as const,
    ];
  });
};

const kids = ['', '../../../../dev/null', '/dev/null', "' OR '1'='1", '*', 'kid\u0000', 0, null, [], {}, true, '__proto__', 'constructor', 'x'.repeat(3_000)];

const strangeHeaders = ({ kid, claims, privateKey }: Target): readonly Forgery[] => {
  const own = signWith(privateKey);
  const header = { alg: 'EdDSA', kid, typ: 'at+jwt' };
  const raw = (text: string): string => compact(text, claims, own);
  return [
    ...kids.map((wrong): Forgery => [`kid ${JSON.stringify(wrong).slice(0, 40)}`, compact({ ...header, kid: wrong }, claims, own)]),
    ['no kid', compact({ alg: 'EdDSA', typ: 'at+jwt' }, claims, own)],
    ['alg Ed25519 (RFC 9864), which we do not write', compact({ ...header, alg: 'Ed25519' }, claims, own)],
    ['alg eddsa', compact({ ...header, alg: 'eddsa' }, claims, own)],
    ['alg in a list', compact({ ...header, alg: ['EdDSA'] }, claims, own)],
    ['no alg', compact({ kid, typ: 'at+jwt' }, claims, own)],
    ['typ JWT', compact({ ...header, typ: 'JWT' }, claims, own)],
    ['typ of an id token', compact({ ...header, typ: 'id+jwt' }, claims, own)],
    ['no typ', compact({ alg: 'EdDSA', kid }, claims, own)],
    ['b64 false', compact({ ...header, b64: false, crit: ['b64'] }, claims, own)],
    ['b64 false without crit', compact({ ...header, b64: false }, claims, own)],
    ['an unknown crit', compact({ ...header, crit: ['future'], future: 1 }, claims, own)],
    ['an empty crit', compact({ ...header, crit: [] }, claims, own)],
    ['crit of a registered name', compact({ ...header, crit: ['alg'] }, claims, own)],
    ['zip', compact({ ...header, zip: 'DEF' }, claims, own)],
    ['members in another order', compact({ typ: 'at+jwt', kid, alg: 'EdDSA' }, claims, own)],
    ['alg twice, none last', raw(`{"alg":"EdDSA","kid":"${kid}","typ":"at+jwt","alg":"none"}`)],
    ['alg twice, none first', raw(`{"alg":"none","alg":"EdDSA","kid":"${kid}","typ":"at+jwt"}`)],
    ['kid twice', raw(`{"alg":"EdDSA","kid":"x","kid":"${kid}","typ":"at+jwt"}`)],
    ['white space in the header', raw(`{"alg": "EdDSA","kid":"${kid}","typ":"at+jwt"}`)],
    ['a header that is no object', raw('["EdDSA"]')],
    ['a header that is no JSON', raw('{')],
    ['an empty header', raw('')],
  ];
};

const wrongClaims = ({ kid, claims, privateKey }: Target): readonly Forgery[] => {
  const now = Number(claims['iat']);
  const changes: Readonly<Record<string, object>> = {
    'another issuer': { iss: 'https://elsewhere.example' },
    'no issuer': { iss: undefined },
    'issuers in a list': { iss: [claims['iss']] },
    'another audience': { aud: 'elsewhere' },
    'no audience': { aud: undefined },
    'expired this second': { exp: now },
    'expired long ago': { exp: now - 86_400 },
    'no expiry': { exp: undefined },
    'expiry as text': { exp: String(now + 900) },
    'not valid yet': { nbf: now + 60 },
    'no issue time': { iat: undefined },
    'no subject': { sub: undefined },
    'subject in a list': { sub: [claims['sub']] },
    'a subject that is no UUID': { sub: '../owner' },
    'no tenant': { tid: undefined },
    'a tenant that is no UUID': { tid: 'acme' },
    'no session': { sid: undefined },
    'session as a number': { sid: 7 },
  };
  const header = { alg: 'EdDSA', kid, typ: 'at+jwt' };
  const own = signWith(privateKey);
  return [
    ...Object.entries(changes).map(([what, change]): Forgery => [what, compact(header, { ...claims, ...change }, own)]),
    ['claims in a list', compact(header, [claims], own)],
    ['claims that are no JSON', compact(header, '{"sub":', own)],
    ['no claims', compact(header, '', own)],
  ];
};

const flipped = (part: string, at: number): string => {
  const bytes = Buffer.from(part, 'base64url');
  bytes[at >> 3] = (bytes[at >> 3] ?? 0) ^ (1 << (at & 7));
  return bytes.toString('base64url');
};

/** The last character of a 64-byte signature carries four bits of nothing: other spellings of the same bytes. */
const respelt = (part: string): string => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return part.slice(0, -1) + alphabet.charAt(alphabet.indexOf(part.slice(-1)) ^ 1);
};

/** Positions of the bits of a part that carry something, every so many. */
const bits = (part: string, every: number): number[] =>
  Array.from({ length: Math.floor((part.length * 6) / 8) * 8 }, (_, bit) => bit).filter((bit) => bit % every === 0);

const tampered = ({ token }: Target): readonly Forgery[] => {
  const [header = '', payload = '', signature = ''] = token.split('.');
  return [
    ...bits(header, 8).map((bit): Forgery => [`header bit ${bit}`, [flipped(header, bit), payload, signature].join('.')]),
    ...bits(payload, 8).map((bit): Forgery => [`payload bit ${bit}`, [header, flipped(payload, bit), signature].join('.')]),
    ...bits(signature, 1).map((bit): Forgery => [`signature bit ${bit}`, [header, payload, flipped(signature, bit)].join('.')]),
    ['the signature spelt differently', [header, payload, respelt(signature)].join('.')],
    ['padded', `${token}==`],
    ['cut by one character', token.slice(0, -1)],
    ['two parts', `${header}.${payload}`],
    ['an empty signature', `${header}.${payload}.`],
    ['four parts', `${token}.${signature}`],
    ['five parts', `${token}.${signature}.${signature}`],
    ['white space before', ` ${token}`],
    ['a line end after', `${token}\n`],
    ['standard base64', token.replaceAll('-', '+').replaceAll('_', '/').concat('=')],
    ['header and payload swapped', [payload, header, signature].join('.')],
    ['JSON serialisation', JSON.stringify({ protected: header, payload, signature })],
    ['with its scheme', `Bearer ${token}`],
    ['empty', ''],
    ['dots', '..'],
    ['endless', `${header}.${'A'.repeat(1_000_000)}.${signature}`],
  ];
};

export const forgeries = (target: Target): readonly Forgery[] =>
  [unsecured, macced, otherKeys, postQuantum, broughtKeys, strangeHeaders, wrongClaims, tampered].flatMap((forge) => forge(target));
