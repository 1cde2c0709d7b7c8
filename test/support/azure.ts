/**
 * Azure Trusted Signing and the token service of the Microsoft identity platform on a local port, as they are documented, and with
 * whatever faults a test puts before the next answers.
 */
import { constants, privateEncrypt, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CertifiedSigner } from '../../application/authorities/ports.ts';
import { encode, integer, octetString, oid, sequence, tagged, TAG } from '../../infrastructure/pki/der.ts';
import type { LocalKey } from '../../infrastructure/pki/keys.ts';
import { algorithmWithNull, OID } from '../../infrastructure/pki/oids.ts';
import type { AzureSettings } from '../../infrastructure/signing/azure-backend.ts';

/** Neither has the form of a secret: only care keeps them out of logs and errors. */
export const CLIENT_SECRET = 'plain-words-canary-client';
const TOKEN = 'plain-words-canary-token';

export type Call = Readonly<{ at: 'token' | 'submit' | 'poll'; message: IncomingMessage; body: string; url: URL }>;
/** A fault in place of an answer. */
export type Fault = (reply: ServerResponse, call: Call) => void;

export const json = (reply: ServerResponse, status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void =>
  void reply.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers }).end(JSON.stringify(body));

/** What a service may say back: all that it was sent. */
export const echo = (status: number, headers: Readonly<Record<string, string>> = {}): Fault => (reply, { body, message, url }) =>
  json(reply, status, { error: body, error_description: `${body} ${message.headers.authorization ?? ''}`, errorDetail: { code: 'Echo', message: `${url.href} ${body}` } }, headers);

const DIGEST_INFO = algorithmWithNull(OID.sha256);

/** RSASSA-PKCS1-v1_5 over a SHA-256 that was made elsewhere. */
export const signDigest = ({ key }: CertifiedSigner, digest: Buffer): Buffer =>
  privateEncrypt({ key: (key as LocalKey).object, padding: constants.RSA_PKCS1_PADDING }, sequence(DIGEST_INFO, octetString(digest)));

const inLines = (text: string): string => text.replaceAll(/.{64}/g, '$&\r\n');

/** PKCS #7 that is there for its certificates, in base64 with lines, in base64. */
export const asSigningCertificate = (certificates: readonly Uint8Array[]): string => {
  const data = sequence(oid('1.2.840.113549.1.7.1'));
  const signedData = sequence(integer(1), encode(TAG.set), data, tagged(0, ...certificates), encode(TAG.set));
  const der = sequence(oid(OID.signedData), tagged(0, signedData));
  return Buffer.from(inLines(der.toString('base64'))).toString('base64');
};

type Operation = { digest: Buffer; polls: number };

/** What a test may turn. */
export type AzureKnobs = {
  /** Whose signatures the next operations end with. */
  signer: CertifiedSigner;
  /** Polls that find an operation going on, and what they find. */
  polls: number;
  pending: string;
  /** Seconds that new tokens hold. */
  tokenLife: number;
  /** Taken one by one before the answers of each place. */
  faults: Record<Call['at'], Fault[]>;
  /** Over the answer of an operation that has succeeded. */
  finished: (answer: Record<string, unknown>, digest: Buffer) => Record<string, unknown>;
};

export interface AzureServer extends AzureKnobs {
  readonly settings: AzureSettings;
  readonly calls: Call[];
  readonly secrets: readonly string[];
  /** Tokens handed out so far are not accepted any more. */
  revokeTokens(): void;
  reset(signer: CertifiedSigner): void;
  close(): void;
}

const IDS = { account: 'acme-signing', profile: 'acme-public', tenantId: '6f1c2f0e-5d2e-4a53-9f6d-0d4a0a7f0001', clientId: '6f1c2f0e-5d2e-4a53-9f6d-0d4a0a7f0002' };
const SIGN_PATH = `/codesigningaccounts/${IDS.account}/certificateprofiles/${IDS.profile}/sign`;
const TOKEN_PATH = `/${IDS.tenantId}/oauth2/v2.0/token`;
const FORM = { grant_type: 'client_credentials', client_id: IDS.clientId, client_secret: CLIENT_SECRET, scope: 'https://codesigning.azure.net/.default' };

const whereOf = (method: string | undefined, { pathname, searchParams }: URL): Call['at'] | undefined => {
  if (method === 'POST' && pathname === TOKEN_PATH) return 'token';
  if (searchParams.get('api-version') !== '2022-06-15-preview') return undefined;
  if (method === 'POST' && pathname === SIGN_PATH) return 'submit';
  return method === 'GET' && pathname.startsWith(`${SIGN_PATH}/`) ? 'poll' : undefined;
};

const initial = (signer: CertifiedSigner): AzureKnobs => ({
  signer, polls: 1, pending: 'InProgress', tokenLife: 3599, faults: { token: [], submit: [], poll: [] }, finished: (answer) => answer,
});

/** The documented behaviour of each place. */
const createAnswers = (knobs: AzureKnobs) => {
  const tokens = new Set<string>();
  const operations = new Map<string, Operation>();
  let made = 0;

  const token = (reply: ServerResponse, { body }: Call): void => {
    const form = Object.fromEntries(new URLSearchParams(body));
    if (JSON.stringify(form) !== JSON.stringify(FORM)) return json(reply, 401, { error: 'invalid_client', error_description: `AADSTS7000215: ${body}`, error_codes: [7_000_215] });
    made += 1;
    tokens.add(`${TOKEN}-${String(made)}`);
    return json(reply, 200, { token_type: 'Bearer', expires_in: knobs.tokenLife, ext_expires_in: knobs.tokenLife, access_token: `${TOKEN}-${String(made)}` });
  };

  const submit = (reply: ServerResponse, { body }: Call): void => {
    const { signatureAlgorithm, digest } = JSON.parse(body) as { signatureAlgorithm: unknown; digest: string };
    const octets = Buffer.from(digest, 'base64');
    if (signatureAlgorithm !== 'RS256' || octets.length !== 32) return json(reply, 400, { title: 'One or more validation errors occurred.', status: 400 });
    const operationId = randomUUID();
    operations.set(operationId, { digest: octets, polls: 0 });
    return json(reply, 202, { operationId });
  };

  const poll = (reply: ServerResponse, { url }: Call): void => {
    const operationId = url.pathname.slice(SIGN_PATH.length + 1);
    const operation = operations.get(operationId);
    if (operation === undefined) return json(reply, 404, { operationId, status: 'NotFound' });
    operation.polls += 1;
    if (operation.polls <= knobs.polls) return json(reply, 200, { operationId, status: knobs.pending, signature: null, signingCertificate: null });
    const { signer } = knobs;
    const answer = { operationId, status: 'Succeeded', signature: signDigest(signer, operation.digest).toString('base64'), signingCertificate: asSigningCertificate(signer.chain) };
    return json(reply, 200, knobs.finished(answer, operation.digest));
  };

  return {
    tokens,
    answer: (reply: ServerResponse, call: Call): void => {
      if (call.at === 'token') return token(reply, call);
      const bearer = /^Bearer (.+)$/.exec(call.message.headers.authorization ?? '')?.[1] ?? '';
      if (!tokens.has(bearer)) return void reply.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' }).end();
      return call.at === 'submit' ? submit(reply, call) : poll(reply, call);
    },
  };
};

export const startAzure = async (signer: CertifiedSigner): Promise<AzureServer> => {
  const knobs = initial(signer);
  const calls: Call[] = [];
  const { tokens, answer } = createAnswers(knobs);
  const server = createServer((message, reply) => {
    const chunks: Buffer[] = [];
    message.on('data', (chunk: Buffer) => chunks.push(chunk));
    message.on('end', () => {
      const url = new URL(message.url ?? '', 'http://azure');
      const at = whereOf(message.method, url);
      if (at === undefined) return void reply.writeHead(404).end();
      const call = { at, message, url, body: Buffer.concat(chunks).toString() };
      calls.push(call);
      return (knobs.faults[at].shift() ?? answer)(reply, call);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  return Object.assign(knobs, {
    calls,
    settings: { ...IDS, endpoint: base, authority: base, clientSecret: CLIENT_SECRET },
    secrets: [CLIENT_SECRET, TOKEN],
    revokeTokens: () => tokens.clear(),
    reset: (next: CertifiedSigner) => {
      Object.assign(knobs, initial(next));
      tokens.clear();
      calls.length = 0;
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  });
};
