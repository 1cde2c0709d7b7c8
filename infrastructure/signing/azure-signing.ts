/** The data plane of Azure Trusted Signing (WIRE 17): a digest is submitted, and its operation asked about until it has ended. */
import type { AccessTokens } from './azure-token.ts';
import { failed, pauseOf, provisioning, transient, type AzureHttp, type AzureReply, type AzureRequest, type Deadline, type JsonObject } from './azure-http.ts';

export type AzureProfile = Readonly<{
  /** Without a trailing slash. */
  endpoint: string;
  account: string;
  profile: string;
}>;

/** As it was answered: nothing of it has been checked. */
export type AzureSignature = Readonly<{ signature: unknown; signingCertificate: unknown }>;

/**
 * An RS256 signature over a SHA-256 digest. Rejects with `signing.backend_provisioning` {retryAfter} when the credential is not
 * accepted or may not sign (yet), with `signing.backend_transient` when trying again later may help, else `signing.backend_failed`.
 */
export type AzureSigning = (digest: Uint8Array, deadline: Deadline) => Promise<AzureSignature>;

export type AzureSigningDeps = Readonly<{ profile: AzureProfile; tokens: AccessTokens; http: AzureHttp }>;

const API_VERSION = '2022-06-15-preview';
const FIRST_POLL_MS = 100;
const LONGEST_POLL_MS = 1_000;
const UNAUTHORIZED = 401;
const FORBIDDEN = 403;
const NOT_FOUND = 404;

type Bare = Omit<AzureRequest, 'headers'>;

/** Sends with a token; when that is refused, once more with another. */
const authorized = async ({ tokens, http }: AzureSigningDeps, request: Bare, deadline: Deadline): Promise<AzureReply> => {
  const content: Readonly<Record<string, string>> = request.body === undefined ? {} : { 'content-type': 'application/json' };
  const send = async (token: string): Promise<AzureReply> =>
    http({ ...request, headers: { ...content, accept: 'application/json', authorization: `Bearer ${token}` } }, deadline);
  const token = await tokens.current(deadline);
  const reply = await send(token);
  if (reply.status !== UNAUTHORIZED) return reply;
  tokens.refused(token);
  return send(await tokens.current(deadline));
};

const answered = ({ status, json, retryAfterMs }: AzureReply): JsonObject => {
  const why = `the signing service answered ${String(status)}`;
  if (status === UNAUTHORIZED || status === FORBIDDEN) throw provisioning(why, retryAfterMs);
  if (status < 200 || status >= 300) throw failed(why);
  if (json === undefined) throw failed(`${why}, and not with an object of JSON`);
  return json;
};

/** A state may stand beside its result or around it. */
const resultOf = (answer: JsonObject): JsonObject => {
  const { result } = answer;
  return typeof result === 'object' && result !== null ? (result as JsonObject) : answer;
};

const PENDING = new Set<unknown>(['InProgress', 'Running', 'NotStarted']);
/** Ended without a signature, through no fault of the request. */
const LOST = new Set<unknown>(['TimedOut', 'NotFound']);
const ENDED = new Set<unknown>(['Failed', 'Canceled']);

/** Undefined while the operation goes on. */
const outcome = (answer: JsonObject): AzureSignature | undefined => {
  const { status } = answer;
  if (PENDING.has(status)) return undefined;
  if (LOST.has(status)) throw transient(`the signing operation ended as ${String(status)}`);
  if (ENDED.has(status)) throw failed(`the signing operation ended as ${String(status)}`);
  if (status !== 'Succeeded') throw failed('the signing service answered with an unknown state');
  const { signature, signingCertificate } = resultOf(answer);
  return { signature, signingCertificate };
};

const OPERATION_ID = /^[\w-]{1,128}$/;

const operationOf = ({ operationId, id }: JsonObject): string => {
  const given = operationId ?? id;
  if (typeof given !== 'string' || !OPERATION_ID.test(given)) throw failed('the signing service answered without an operation');
  return given;
};

export const createAzureSigning = (deps: AzureSigningDeps): AzureSigning => {
  const { endpoint, account, profile } = deps.profile;
  const base = `${endpoint}/codesigningaccounts/${encodeURIComponent(account)}/certificateprofiles/${encodeURIComponent(profile)}/sign`;
  const version = `?api-version=${API_VERSION}`;

  const poll = async (operation: string, deadline: Deadline): Promise<AzureReply> => {
    const reply = await authorized(deps, { method: 'GET', url: `${base}/${operation}${version}` }, deadline);
    if (reply.status === NOT_FOUND) throw transient('the signing operation is not there any more');
    return reply;
  };

  return async (digest, deadline) => {
    const body = JSON.stringify({ signatureAlgorithm: 'RS256', digest: Buffer.from(digest).toString('base64') });
    let reply = await authorized(deps, { method: 'POST', url: `${base}${version}`, body }, deadline);
    const submitted = answered(reply);
    // A submission need not name a state.
    let done = submitted['status'] === undefined ? undefined : outcome(submitted);
    const operation = done === undefined ? operationOf(submitted) : '';
    for (let wait = FIRST_POLL_MS; done === undefined; wait = Math.min(wait * 2, LONGEST_POLL_MS)) {
      await deadline.pause(pauseOf(wait, reply.retryAfterMs), reply.retryAfterMs);
      reply = await poll(operation, deadline);
      done = outcome(answered(reply));
    }
    return done;
  };
};
