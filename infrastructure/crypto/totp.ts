/** One-time passwords (RFC 6238 over RFC 4226) and recovery codes. */
import { randomInt } from 'node:crypto';
import { Secret, TOTP } from 'otpauth';
import type { Totp } from '../../application/tenancy/ports.ts';

/** RFC 4226, R6 recommends 160 bits. */
const SECRET_BYTES = 20;
const STEP_SECONDS = 30;
const PARAMETERS = { algorithm: 'SHA1', digits: 6, period: STEP_SECONDS } as const;

/** Crockford's base 32 in lower case: no letter that is taken for another. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const GROUPS = 4;
const GROUP_LENGTH = 4;

const group = (): string => Array.from({ length: GROUP_LENGTH }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join('');

export const totp: Totp = {
  makeSecret: () => new Secret({ size: SECRET_BYTES }).base32,
  uri: (secret, { issuer, account }) => new TOTP({ ...PARAMETERS, secret: Secret.fromBase32(secret), issuer, label: account }).toString(),
  step: (secret, code, now) => {
    if (!/^\d{6}$/u.test(code)) return undefined;
    const delta = TOTP.validate({ ...PARAMETERS, secret: Secret.fromBase32(secret), token: code, timestamp: now, window: 1 });
    return delta === null ? undefined : Math.floor(now / (STEP_SECONDS * 1_000)) + delta;
  },
  makeRecoveryCode: () => Array.from({ length: GROUPS }, group).join('-'),
};
