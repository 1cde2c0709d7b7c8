/** Access tokens by the client-credentials grant (RFC 6749 4.4, Microsoft identity platform v2.0). */
import { createDeadline, failed, provisioning, type AzureHttp, type AzureReply, type AzureRequest, type Deadline, type JsonObject, type Timing } from './azure-http.ts';

export type AzureCredential = Readonly<{
  /** Without a trailing slash. */
  authority: string;
  tenantId: string;
  clientId: string;
  clientSecret: string;
}>;

/** What `Authorization` carries; never to be shown. */
export type AccessToken = string;

export interface AccessTokens {
  /**
   * A token that holds for a while yet. Whoever asks while one is being fetched waits for the same one. Rejects with
   * `signing.backend_provisioning` when the credential is refused, else like `AzureHttp`.
   */
  current(deadline: Deadline): Promise<AccessToken>;
  /** This one was not accepted: the next caller gets another. */
  refused(token: AccessToken): void;
}

export type AccessTokenDeps = Readonly<{ credential: AzureCredential; http: AzureHttp; timing: Timing }>;

const SCOPE = 'https://codesigning.azure.net/.default';
const FETCH_MS = 15_000;
/** A token is given up this long before it ends, and a short-lived one after half its life. */
const MARGIN_MS = 300_000;

/** RFC 6749 5.2; the words of an answer are shown only when they are among these. */
const OAUTH_ERRORS = new Set(['invalid_request', 'invalid_client', 'invalid_grant', 'unauthorized_client', 'unsupported_grant_type', 'invalid_scope']);

const isErrorNumber = (value: unknown): value is number => typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 100_000_000;

/** What the token service says is wrong, in its own stable codes: `invalid_client, AADSTS7000215`. */
const errorCodes = ({ error, error_codes: numbers }: JsonObject): string => {
  const words = typeof error === 'string' && OAUTH_ERRORS.has(error) ? [error] : [];
  const known = Array.isArray(numbers) ? numbers.filter(isErrorNumber).slice(0, 3) : [];
  return [...words, ...known.map((number) => `AADSTS${String(number)}`)].join(', ');
};

const TOKEN = /^[\w.~+/=-]{1,16384}$/;

type Fetched = Readonly<{ token: AccessToken; lifeMs: number }>;

const readToken = ({ access_token: token, token_type: type, expires_in: life }: JsonObject): Fetched => {
  const seconds = Number(life);
  if (typeof token !== 'string' || !TOKEN.test(token)) throw failed('the token service answered without a token');
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer') throw failed('the token service answered with a token of another type');
  if (!(seconds > 0 && seconds < 1e9)) throw failed('the token service answered with a token that does not hold');
  return { token, lifeMs: seconds * 1000 };
};

const readAnswer = ({ status, json, retryAfterMs }: AzureReply): Fetched => {
  if (status >= 400) {
    const codes = errorCodes(json ?? {});
    throw provisioning(`the token service answered ${String(status)}${codes === '' ? '' : ` (${codes})`}`, retryAfterMs);
  }
  if (status !== 200 || json === undefined) throw failed(`the token service answered ${String(status)}, and not with a token`);
  return readToken(json);
};

const tokenRequest = ({ authority, tenantId, clientId, clientSecret }: AzureCredential): AzureRequest => ({
  method: 'POST',
  url: `${authority}/${encodeURIComponent(tenantId)}/oauth2/v2.0/token`,
  headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
  body: new URLSearchParams({ grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret, scope: SCOPE }).toString(),
});

export const createAccessTokens = ({ credential, http, timing }: AccessTokenDeps): AccessTokens => {
  const request = tokenRequest(credential);
  let kept: Readonly<{ token: AccessToken; until: number }> | undefined;
  let coming: Promise<AccessToken> | undefined;

  const fetchToken = async (): Promise<AccessToken> => {
    const asked = timing.now();
    const { token, lifeMs } = readAnswer(await http(request, createDeadline(timing, FETCH_MS)));
    kept = { token, until: asked + lifeMs - Math.min(MARGIN_MS, lifeMs / 2) };
    return token;
  };

  return {
    current: async (deadline) => {
      if (kept !== undefined && timing.now() < kept.until) return kept.token;
      coming ??= fetchToken().finally(() => {
        coming = undefined;
      });
      return deadline.within(coming);
    },
    refused: (token) => {
      if (kept?.token === token) kept = undefined;
    },
  };
};
