/**
 * Signing one digest. The intent is durable before the private key is used, and the signature leaves this program only
 * after its completion is durable: no audit event, no answer.
 */
import { createHash } from 'node:crypto';
import { reject, rejectFields, Rejection } from '../../domain/kernel/rejection.ts';
import { fileKindOf, type FileKind } from '../../domain/signing/file-kind.ts';
import type { SigningRequested, SigningSource } from '../../domain/signing/operation.events.ts';
import type { Cause, Clock, Ids } from '../kernel/ports.ts';
import type { PersonalData } from '../kernel/sealing.ts';
import type { Access } from '../tenancy/access.ts';
import { actorOf, requirePermission, requireSubscription, type SigningPrincipal } from './authorise.ts';
import { describeRequest } from './described.ts';
import { passGates, type Asked, type Gate } from './gates.ts';
import { operationStream, type SigningOperations } from './operations.ts';
import { placesGate } from './places.ts';
import type { SignedDigest, SigningBackend, SigningPlaces } from './ports.ts';
import { quotaGate, type SigningQuotas } from './quota.ts';
import type { RecordRefusal } from './refusals.ts';
import type { SigningRules } from './rules.ts';

export type SignRequest = Readonly<{
  /** The operation this request asks for again when it is a retry, and begins otherwise. A UUID. */
  commandId: string;
  /** SHA-256 Authenticode digest, 32 bytes. */
  digest: Uint8Array;
  fileName: string;
  /** Bytes. */
  fileSize: number;
  /** Instead of what the file's name says. */
  fileKind?: FileKind;
  batchId?: string;
  reason?: string;
  clientChannel?: SigningSource;
  clientVersion?: string;
  /** The client will report what became of the embedding: until then the operation is `signed`. */
  awaitResult?: boolean;
  /** The client's IP address. */
  ip: string;
  /** Aborted when the client has gone: one that waits for a place makes room. */
  signal?: AbortSignal;
}>;

export type SignResult = Readonly<{
  operationId: string;
  signed: SignedDigest;
  /** UTC, ISO 8601 with milliseconds. */
  signedAt: string;
}>;

/**
 * Rejects with `signing.forbidden`, `signing.subscription_cancelled`, what `Access.current` finds after the wait for a place, `request.invalid` (a kind of file that cannot be signed, a
 * channel that is not the caller's), `signing.policy_…` (as the policy's gate says), `signing.limit_reached`, `signing.free_limit_reached`, `signing.queue_timeout`,
 * `signing.operation_timed_out` (its signature took too long and goes nowhere), `signing.backend_provisioning`, `…_failed`, `…_transient`, and with `storage.*` when what
 * happened cannot be recorded.
 */
export type SignDigest = (principal: SigningPrincipal, request: SignRequest, cause: Cause) => Promise<SignResult>;

export type SignDigestDeps = Readonly<{
  access: Pick<Access, 'current'>;
  operations: SigningOperations;
  rules: Pick<SigningRules, 'look' | 'take'>;
  backend: SigningBackend;
  quotas: Pick<SigningQuotas, 'reserve' | 'spend' | 'release'>;
  places: SigningPlaces;
  recordRefusal: RecordRefusal;
  personalData: Pick<PersonalData, 'seal'>;
  clock: Clock;
  ids: Ids;
}>;

/** A check that takes nothing. */
const check = (refuse: (asked: Asked, at: number) => void): Gate => (asked, at) => {
  refuse(asked, at);
  return undefined;
};

const mayStillSign =
  (access: SignDigestDeps['access']): Gate =>
  async (asked, at) => {
    const principal = await access.current(asked.principal);
    requirePermission(principal, 'sign');
    requireSubscription(principal.tenant, at);
    return undefined;
  };

/** Asked in this order before the intent is recorded, as it is published (docs/contexts/signing.md); the first that rejects is the answer. */
const gatesOf = ({ access, rules, quotas, places }: SignDigestDeps): readonly Gate[] => [
  check(({ principal, request }) => checkSignRequest(principal, request)),
  check(({ principal }) => requirePermission(principal, 'sign')),
  check(({ principal }, at) => requireSubscription(principal.tenant, at)),
  rules.look,
  quotaGate(quotas),
  placesGate(places),
  // Once more after the last wait: who was revoked, removed or lowered in the queue does not get to sign, and nobody does against a
  // policy that was set meanwhile. What counts in a person's rate, and the approval, are taken only here: waiting uses nothing up.
  mayStillSign(access),
  rules.take,
];

/** What a schema cannot say of a request: rejects with `request.invalid`, naming the fields. */
export const checkSignRequest = (
  principal: SigningPrincipal,
  request: Pick<SignRequest, 'fileName' | 'fileKind' | 'clientChannel'>,
): void => {
  if (request.fileKind === undefined && fileKindOf(request.fileName) === undefined) {
    rejectFields({ file_name: 'is of a kind that cannot be signed by its digest alone' });
  }
  if (request.clientChannel === 'dashboard' && principal.kind !== 'person') {
    rejectFields({ client_channel: 'dashboard is for people with a session' });
  }
};

const kindOf = ({ fileKind, fileName }: SignRequest): FileKind =>
  fileKind ?? fileKindOf(fileName) ?? reject('request.invalid', { fields: { file_name: 'cannot be signed' } });

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const iso = (clock: Clock): string => new Date(clock.now()).toISOString();

const codeOf = (error: unknown): string => (error instanceof Rejection ? error.code : 'kernel.internal');

const intent = async ({ personalData, clock }: SignDigestDeps, asked: Asked): Promise<SigningRequested['data']> => {
  const { principal, request, operationId } = asked;
  const tenant = principal.tenant.id;
  const place = { tenant, place: `${operationStream(tenant, operationId)}#address` };
  return {
    operationId,
    ...describeRequest(asked),
    algorithm: 'sha256',
    fileKind: kindOf(request),
    ...(request.awaitResult === true && { awaitResult: true }),
    // A member's key has been stored since their membership: there is none to add.
    address: await personalData.seal({ id: actorOf(principal).userId, newKeys: [] }, place, request.ip),
    requestedAt: iso(clock),
  };
};

/**
 * A retry takes up the operation that a crash left pending. One that has already ended stays as it is, and a new one begins: its
 * signature was never answered and is not kept.
 */
const operationFor = async ({ operations, ids }: SignDigestDeps, { tenant }: SigningPrincipal, commandId: string): Promise<string> => {
  const { state } = await operations.load(operationStream(tenant.id, commandId));
  return state.status === 'none' || state.status === 'pending' ? commandId : ids.next();
};

/** Uses the private key; what it answers is complete, and what it throws is why there is no signature. */
const perform = async ({ backend, clock }: SignDigestDeps, { principal, request }: Asked) => {
  const signed = await backend.sign(principal.tenant, request.digest, kindOf(request));
  const [leaf] = signed.certificateChain;
  if (leaf === undefined) throw new Error('the signing backend answered without a certificate');
  const facts = {
    signedAt: iso(clock),
    timestamp: signed.timestamp,
    certificateSerial: signed.certificateSerial,
    certificateSha256: sha256(leaf),
    pkcs7Sha256: sha256(signed.pkcs7),
  };
  return { signed, facts };
};

export const createSignDigest = (deps: SignDigestDeps): SignDigest => {
  const { operations, clock, recordRefusal } = deps;
  const gates = gatesOf(deps);

  /** The signature, with its intent durable before and its completion after. */
  const sign = async (asked: Asked, undo: () => Promise<void>): Promise<SignResult> => {
    const { principal, cause, operationId } = asked;
    const stream = operationStream(principal.tenant.id, operationId);
    const { signed, facts } = await (async () => {
      const { state } = await operations.execute(stream, { type: 'RequestSigning', data: await intent(deps, asked) }, cause);
      // Closed while it waited: nothing may be signed for it any more.
      if (state.status !== 'pending') return reject('signing.operation_timed_out');
      return perform(deps, asked).catch(async (error: unknown) => {
        const failed = { operationId, code: codeOf(error), failedAt: iso(clock) };
        await operations.execute(stream, { type: 'FailSigning', data: failed }, cause);
        throw error;
      });
    })().catch(async (error: unknown) => {
      await undo();
      throw error;
    });
    // From here on there is a signature: what was taken for it stays taken, even when its completion cannot be recorded. Only one that
    // came too late goes nowhere.
    await operations.execute(stream, { type: 'CompleteSigning', data: { operationId, ...facts } }, cause).catch(async (error: unknown) => {
      if (codeOf(error) === 'signing.operation_timed_out') await undo();
      throw error;
    });
    return { operationId, signed, signedAt: facts.signedAt };
  };

  return async (principal, request, cause) => {
    const operationId = await operationFor(deps, principal, request.commandId);
    const asked = { principal, request, cause, operationId };
    const held = await passGates(gates, asked, { clock, stopped: recordRefusal });
    try {
      const result = await sign(asked, held.undo);
      await held.keep();
      return result;
    } finally {
      held.release();
    }
  };
};
