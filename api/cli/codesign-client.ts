/** What `codesign` asks of the server: a signature over a digest, and the root to check it against. */
import { X509Certificate } from 'node:crypto';
import { fromPem } from '../../application/authorities/pem.ts';
import { CommandFailure, DEFAULT_URL, type Io } from './io.ts';

export type SignRequest = Readonly<{
  digest: Buffer;
  fileName: string;
  fileSize: number;
  organization: string;
  reason?: string;
  batchId?: string;
  version: string;
}>;

export type SignReply = Readonly<{ operationId: string; signature: Buffer; timestamp: string }>;

export interface SigningService {
  sign(request: SignRequest): Promise<SignReply>;
  root(): Promise<readonly X509Certificate[]>;
}

/** The server itself waits up to 45 seconds: for its turn and for a certificate. */
const TIMEOUT_MS = 90_000;

const ask = async (url: URL, init: RequestInit): Promise<Response> => {
  try {
    return await fetch(url, { ...init, redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (error) {
    throw new CommandFailure(`no answer from ${url.origin} (CHANCERY_URL): ${error instanceof Error ? error.message : String(error)}`);
  }
};

type ErrorBody = Readonly<{ error?: Readonly<{ code?: string; message?: string; details?: Readonly<Record<string, unknown>> }> }>;
type SignBody = Readonly<{ data?: Readonly<{ operation_id?: unknown; signature?: unknown; timestamp?: unknown }> }>;

const refusal = (status: number, { error }: ErrorBody): CommandFailure => {
  const details = error?.details === undefined || Object.keys(error.details).length === 0 ? '' : ` ${JSON.stringify(error.details)}`;
  return new CommandFailure(`the server refused (${String(status)} ${error?.code ?? ''}): ${error?.message ?? 'no reason given'}${details}`);
};

const readReply = (body: SignBody): SignReply => {
  const { operation_id: operationId, signature, timestamp } = body.data ?? {};
  if (typeof operationId !== 'string' || typeof signature !== 'string' || typeof timestamp !== 'string') {
    throw new CommandFailure('the server answered without a signature');
  }
  return { operationId, signature: Buffer.from(signature, 'base64'), timestamp };
};

/** Reads certificates from PEM text; `where` names the place in the failure. */
export const readRoots = (text: string, where: string): readonly X509Certificate[] => {
  const roots = fromPem('CERTIFICATE', text).map((der) => new X509Certificate(der));
  if (roots.length === 0) throw new CommandFailure(`${where} holds no certificate`);
  return roots;
};

const bodyOf = (request: SignRequest): string =>
  JSON.stringify({
    digest: request.digest.toString('base64'),
    algorithm: 'sha256',
    file_name: request.fileName,
    file_size: request.fileSize,
    file_kind: 'pe',
    organization_slug: request.organization,
    client_channel: 'cli',
    client_version: request.version,
    ...(request.reason === undefined ? {} : { reason: request.reason }),
    ...(request.batchId === undefined ? {} : { batch_id: request.batchId }),
  });

/** Speaks to the server at CHANCERY_URL with the token in QWICK_TOKEN; rejects with a `CommandFailure`. */
export const createSigningService = (io: Io): SigningService => {
  const base = io.env.CHANCERY_URL ?? DEFAULT_URL;
  const token = io.env.QWICK_TOKEN ?? '';
  if (token === '') throw new CommandFailure('no token: set QWICK_TOKEN to a qwick_ak_… key or an access token');
  if (!URL.canParse(base)) throw new CommandFailure(`CHANCERY_URL is not a URL: ${base}`);
  return {
    sign: async (request) => {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      const reply = await ask(new URL('/qwick-cert/api/v1/sign-digest', base), { method: 'POST', headers, body: bodyOf(request) });
      const body = ((await reply.json().catch(() => null)) ?? {}) as SignBody & ErrorBody;
      if (!reply.ok) throw refusal(reply.status, body);
      return readReply(body);
    },
    root: async () => {
      const url = new URL('/qwick-cert/pki/root.pem', base);
      const reply = await ask(url, {});
      if (!reply.ok) throw new CommandFailure(`${url.href} answered ${String(reply.status)}`);
      return readRoots(await reply.text(), url.href);
    },
  };
};
