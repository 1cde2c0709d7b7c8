/**
 * Password hashing with argon2id (RFC 9106): 19 MiB, two passes, one lane, as PHC strings. At most a few run at once, so that a flood
 * of sign-ins takes neither the memory nor the threads that signing needs; beyond a queue it is refused.
 */
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { Passwords } from '../../application/tenancy/ports.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';

type Parameters = Readonly<{ memory: number; passes: number; parallelism: number }>;

/** `memory` in KiB. */
const CURRENT: Parameters = { memory: 19_456, passes: 2, parallelism: 1 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;
const AT_ONCE = 2;
const WAITING = 200;

const run = promisify(argon2);
const PHC = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{43})$/u;

const unpadded = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replace(/={1,2}$/u, '');

/** The same characters, however they were typed (NIST SP 800-63B section 3.1.1.2 asks for one Unicode form). */
const bytesOf = (password: string): Buffer => Buffer.from(password.normalize('NFKC'), 'utf8');

const derive = async (password: string, salt: Uint8Array, parameters: Parameters): Promise<Buffer> =>
  run('argon2id', { message: bytesOf(password), nonce: salt, tagLength: HASH_BYTES, ...parameters });

/** At most `atOnce` at a time, first come first served; rejects with `kernel.busy` when `waiting` are waiting already. */
const createGate = (atOnce: number, waiting: number) => {
  let running = 0;
  const queue: (() => void)[] = [];
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (running >= atOnce) {
      if (queue.length >= waiting) throw new Rejection('kernel.busy');
      await new Promise<void>((resolve) => { queue.push(resolve); });
    } else running += 1;
    try {
      return await work();
    } finally {
      // The place is handed over, not given back, so that nobody can slip in between.
      const next = queue.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
};

type Parsed = Readonly<{ parameters: Parameters; salt: Buffer; hash: Buffer }>;

const parse = (phc: string): Parsed => {
  const [, memory, passes, parallelism, salt, hash] = PHC.exec(phc) ?? [];
  if (salt === undefined || hash === undefined) throw new Error('a password hash that is no argon2id PHC string');
  return {
    parameters: { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) },
    salt: Buffer.from(salt, 'base64'),
    hash: Buffer.from(hash, 'base64'),
  };
};

/** Nobody's hash: no password fits it, but finding that out takes as long as with anybody's. */
const nobody = (): Parsed => ({ parameters: CURRENT, salt: randomBytes(SALT_BYTES), hash: randomBytes(HASH_BYTES) });

export const createPasswords = (limits: Readonly<{ atOnce?: number; waiting?: number }> = {}): Passwords => {
  const gate = createGate(limits.atOnce ?? AT_ONCE, limits.waiting ?? WAITING);
  return {
    hash: async (password) => {
      const salt = randomBytes(SALT_BYTES);
      const hash = await gate(() => derive(password, salt, CURRENT));
      const { memory, passes, parallelism } = CURRENT;
      return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${unpadded(salt)}$${unpadded(hash)}`;
    },
    verify: async (password, phc) => {
      const { parameters, salt, hash } = phc === undefined ? nobody() : parse(phc);
      return timingSafeEqual(await gate(() => derive(password, salt, parameters)), hash) && phc !== undefined;
    },
  };
};
