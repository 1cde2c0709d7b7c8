/**
 * Code signing by Azure Trusted Signing. The service tells its certificate only with the signature, and changes it daily: the
 * attributes are signed first, and the message is put together with the certificates of that very answer.
 */
import type { X509Certificate } from 'node:crypto';
import type { Logger } from '../../application/kernel/ports.ts';
import type { SignedDigest, SigningBackend, TimestampAuthority } from '../../application/signing/ports.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import { signAuthenticode } from '../pki/authenticode.ts';
import { certificateParts, serialHex } from '../pki/certificate-parts.ts';
import { createAttributeCmsSigner, sha256, signerIdentity } from '../pki/signed-data.ts';
import { checkAnswer, type CheckedSignature } from './azure-answer.ts';
import { createAzureHttp, createDeadline, failed, realTiming, type Timing } from './azure-http.ts';
import { createAzureSigning, type AzureProfile } from './azure-signing.ts';
import { createAccessTokens, type AzureCredential } from './azure-token.ts';

export type AzureSettings = Readonly<AzureProfile & AzureCredential>;

export type AzureBackendDeps = Readonly<{
  settings: AzureSettings;
  timestamps: TimestampAuthority;
  log: Pick<Logger, 'warn'>;
  timing?: Timing;
  /** For one request, in milliseconds. */
  timeoutMs?: number;
  /** From the request for a token to the signature, in milliseconds. */
  totalMs?: number;
}>;

const TOTAL_MS = 30_000;

/** Why there is no signature is for the operator: a client is not shown it. */
const reasonOf = ({ details }: Rejection): unknown => details['azure'] ?? details['timestamp'];

const isValidAt = ({ validFromDate, validToDate }: X509Certificate, at: Date): boolean => validFromDate <= at && at <= validToDate;

const serialOf = ([own]: readonly X509Certificate[]): string => {
  if (own === undefined) throw new Error('the signature has no certificate');
  return serialHex(certificateParts(own.raw).serial);
};

export const createAzureSigningBackend = (deps: AzureBackendDeps): SigningBackend => {
  const { settings, timestamps, log, timing = realTiming, timeoutMs, totalMs = TOTAL_MS } = deps;
  const http = createAzureHttp({ ...(timeoutMs !== undefined && { timeoutMs }) });
  const tokens = createAccessTokens({ credential: settings, http, timing });
  const azure = createAzureSigning({ profile: settings, tokens, http });

  const signAttributes = async (attributes: Buffer): Promise<CheckedSignature> =>
    checkAnswer(attributes, await azure(sha256(attributes), createDeadline(timing, totalMs)));

  const sign: SigningBackend['sign'] = async (_tenant, digest, kind): Promise<SignedDigest> => {
    let chain: readonly X509Certificate[] = [];
    const signer = createAttributeCmsSigner(async (attributes) => {
      const checked = await signAttributes(attributes);
      ({ chain } = checked);
      return { signature: checked.signature, identity: signerIdentity(chain.map(({ raw }) => raw), 'rsa-3072') };
    });
    const { pkcs7, genTime } = await signAuthenticode(signer, timestamps, { kind, digest });
    if (!chain.every((certificate) => isValidAt(certificate, genTime))) throw failed('a certificate was not valid at the time of the timestamp');
    return {
      pkcs7,
      certificateChain: chain.map(({ raw }) => raw),
      certificateSerial: serialOf(chain),
      timestamp: genTime.toISOString().replace('.000Z', 'Z'),
    };
  };

  return {
    sign: async (tenant, digest, kind) => {
      try {
        return await sign(tenant, digest, kind);
      } catch (error) {
        if (error instanceof Rejection) log.warn({ code: error.code, reason: reasonOf(error) }, 'no signature from Azure Trusted Signing');
        throw error;
      }
    },
  };
};
