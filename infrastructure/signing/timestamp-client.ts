/** An outside timestamp authority over HTTP (RFC 3161 3.4), at the operator's own `TSA_URL`. */
import { randomBytes } from 'node:crypto';
import { ExponentialBackoff, handleWhen, retry } from 'cockatiel';
import type { Clock } from '../../application/kernel/ports.ts';
import type { TimestampAuthority } from '../../application/signing/ports.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import { DerError, unsignedInteger } from '../pki/der.ts';
import { sha256 } from '../pki/signed-data.ts';
import { SignatureFault } from '../pki/signed-data-verify.ts';
import { writeTimestampRequest } from '../pki/timestamp-request.ts';
import { checkImprint, readTimestampAnswer, verifyToken, type VerifiedToken } from '../pki/timestamp-verify.ts';
import { mayPass, readCapped } from './answers.ts';

export type TimestampClientOptions = Readonly<{
  /** http or https; user information in it becomes basic authentication. */
  url: string;
  clock: Clock;
  /** For one attempt, in milliseconds. */
  timeoutMs?: number;
  attempts?: number;
  /** First pause between attempts, in milliseconds; it doubles. */
  pauseMs?: number;
}>;

const TIMEOUT_MS = 10_000;
const ATTEMPTS = 3;
const PAUSE_MS = 250;
const MAX_ANSWER_OCTETS = 65_536;
const NONCE_OCTETS = 8;
/** How far the authority's clock may be from ours. */
const MAX_CLOCK_DIFFERENCE_MS = 300_000;

const failed = (why: string): Rejection => new Rejection('signing.backend_failed', { timestamp: why });
const transient = (why: string): Rejection => new Rejection('signing.backend_transient', { timestamp: why });

const isTransient = (error: unknown): boolean => error instanceof Rejection && error.code === 'signing.backend_transient';

const faultOf = ({ ok, status, headers }: Response): Rejection | undefined => {
  if (!ok) return (mayPass(status) ? transient : failed)(`the authority answered ${String(status)}`);
  const type = headers.get('content-type')?.toLowerCase() ?? '';
  return type.startsWith('application/timestamp-reply') ? undefined : failed('the answer is not a timestamp reply');
};

const checkReply = async (reply: Response): Promise<void> => {
  const fault = faultOf(reply);
  if (fault === undefined) return;
  await reply.body?.cancel();
  throw fault;
};

type Target = Readonly<{ url: URL; headers: Readonly<Record<string, string>>; timeoutMs: number }>;

const targetOf = (given: string, timeoutMs: number): Target => {
  const url = new URL(given);
  const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  url.username = '';
  url.password = '';
  const authorization = user === ':' ? {} : { authorization: `Basic ${Buffer.from(user).toString('base64')}` };
  return { url, timeoutMs, headers: { 'content-type': 'application/timestamp-query', accept: 'application/timestamp-reply', ...authorization } };
};

/** The octets of the answer. Redirects are not followed. */
const post = async ({ url, headers, timeoutMs }: Target, body: Buffer): Promise<Buffer> => {
  try {
    const reply = await fetch(url, { method: 'POST', headers, body: new Uint8Array(body), redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) });
    await checkReply(reply);
    return await readCapped(reply.body, MAX_ANSWER_OCTETS, () => failed('the answer is too long'));
  } catch (error) {
    throw error instanceof Rejection ? error : transient('the authority could not be reached');
  }
};

/** Checks an answer against its question; the Rejection says what did not fit. */
const checkAnswer = (answer: Buffer, signature: Uint8Array, nonce: Buffer, now: number): Readonly<{ token: Buffer; genTime: Date }> => {
  const read = readTimestampAnswer(answer);
  if (!read.granted) throw failed(`the authority refused (${String(read.status)})`);
  const token: VerifiedToken = verifyToken(read.token);
  checkImprint(token.imprint, signature);
  if (token.nonce?.equals(nonce) !== true) throw failed('the nonce is another');
  if (Math.abs(token.genTime.getTime() - now) > MAX_CLOCK_DIFFERENCE_MS) throw failed("the authority's clock is too far from ours");
  return { token: read.token, genTime: token.genTime };
};

const asRejection = (error: unknown): unknown =>
  error instanceof SignatureFault || error instanceof DerError ? failed(`the answer does not verify: ${error.message}`) : error;

/**
 * The token's signature and its certificate's purpose are checked; which root it chains to is not, as the operator who names
 * the authority is the one who trusts it. `timestamp` in the details of a Rejection says what went wrong, and holds nothing secret.
 */
export const createTimestampClient = (options: TimestampClientOptions): TimestampAuthority => {
  const { url, clock, timeoutMs = TIMEOUT_MS, attempts = ATTEMPTS, pauseMs = PAUSE_MS } = options;
  const target = targetOf(url, timeoutMs);
  const policy = retry(handleWhen(isTransient), {
    maxAttempts: attempts - 1,
    backoff: new ExponentialBackoff({ initialDelay: pauseMs }),
  });
  const attempt = async (signature: Uint8Array) => {
    const nonce = randomBytes(NONCE_OCTETS);
    const answer = await post(target, writeTimestampRequest(sha256(signature), nonce));
    try {
      return checkAnswer(answer, signature, unsignedInteger(nonce), clock.now());
    } catch (error) {
      throw asRejection(error);
    }
  };
  return { stamp: async (signature) => policy.execute(async () => attempt(signature)) };
};
