/** From the intent to the answer: the private key is used after the one is durable, and what it made is told after its completion is. */
import { createHash } from 'node:crypto';
import { reject, Rejection } from '../../domain/kernel/rejection.ts';
import { fileKindOf, type FileKind } from '../../domain/signing/file-kind.ts';
import type { SigningRequested } from '../../domain/signing/operation.events.ts';
import type { Clock } from '../kernel/ports.ts';
import type { PersonalData } from '../kernel/sealing.ts';
import { actorOf } from './authorise.ts';
import { describeRequest } from './described.ts';
import type { Asked } from './gates.ts';
import { operationStream, type SigningOperations } from './operations.ts';
import type { SigningBackend } from './ports.ts';
import type { SignRequest, SignResult } from './sign-request.ts';

type Deps = Readonly<{
  operations: SigningOperations;
  backend: SigningBackend;
  personalData: Pick<PersonalData, 'seal'>;
  clock: Clock;
}>;

/** What a request holds while it is performed. */
export type Holding = Readonly<{
  /** There is no signature and there will be none. */
  undo: () => Promise<void>;
  /** Whether a rule that let the request through is not in force any more. */
  stale: () => Promise<boolean>;
  /** Asks once more whether the request may go on; rejects when it may not, with the operation ended. */
  renew: () => Promise<void>;
}>;

export type PerformSigning = Readonly<{
  perform: (asked: Asked, held: Holding) => Promise<SignResult>;
  /** Ends an operation that has begun, with the code of `error`. */
  fail: (asked: Asked, error: unknown) => Promise<void>;
}>;

/** One certificate may be revoked while it is being used; a second one right after it is somebody's loop. */
const MOST_SIGNATURES = 2;

const kindOf = ({ fileKind, fileName }: SignRequest): FileKind =>
  fileKind ?? fileKindOf(fileName) ?? reject('request.invalid', { fields: { file_name: 'cannot be signed' } });

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const iso = (clock: Clock): string => new Date(clock.now()).toISOString();
const codeOf = (error: unknown): string => (error instanceof Rejection ? error.code : 'kernel.internal');
const streamOf = ({ principal, operationId }: Asked) => operationStream(principal.tenant.id, operationId);

const intentOf = async ({ personalData, clock }: Deps, asked: Asked): Promise<SigningRequested['data']> => {
  const { principal, request, operationId } = asked;
  const place = { tenant: principal.tenant.id, place: `${streamOf(asked)}#address` };
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

/** Uses the private key; what it answers is complete, and what it throws is why there is no signature. */
const useKey = async ({ backend, clock }: Deps, { principal, request }: Asked) => {
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

type Made = Awaited<ReturnType<typeof useKey>>;

/** The steps, each of which records what it did. */
const createSteps = (deps: Deps) => {
  const { operations, clock } = deps;

  const fail: PerformSigning['fail'] = async (asked, error) => {
    const data = { operationId: asked.operationId, code: codeOf(error), failedAt: iso(clock) };
    await operations.execute(streamOf(asked), { type: 'FailSigning', data }, asked.cause);
  };

  return {
    fail,
    begin: async (asked: Asked): Promise<void> => {
      const { state } = await operations.execute(streamOf(asked), { type: 'RequestSigning', data: await intentOf(deps, asked) }, asked.cause);
      // Closed while it waited: nothing may be signed for it any more.
      if (state.status !== 'pending') reject('signing.operation_timed_out');
    },
    sign: async (asked: Asked): Promise<Made> =>
      useKey(deps, asked).catch(async (error: unknown) => {
        await fail(asked, error);
        throw error;
      }),
    /** False when the certificate was revoked meanwhile: the signature goes nowhere, and another may be made. */
    complete: async (asked: Asked, { facts }: Made): Promise<boolean> => {
      const data = { operationId: asked.operationId, ...facts };
      try {
        await operations.execute(streamOf(asked), { type: 'CompleteSigning', data }, asked.cause);
        return true;
      } catch (error) {
        if (codeOf(error) === 'signing.certificate_revoked') return false;
        throw error;
      }
    },
    giveUp: async (asked: Asked): Promise<never> => {
      const error = new Rejection('signing.certificate_revoked');
      await fail(asked, error);
      throw error;
    },
  };
};

export const createPerformSigning = (deps: Deps): PerformSigning => {
  const { fail, begin, sign, complete, giveUp } = createSteps(deps);

  const perform: PerformSigning['perform'] = async (asked, { undo, stale, renew }) => {
    const orUndo = async <Value>(work: Promise<Value>): Promise<Value> =>
      work.catch(async (error: unknown) => {
        await undo();
        throw error;
      });
    await orUndo(begin(asked));
    // A policy that was set between the last gate and the intent: from here on the log shows it the operation, so that none is missed.
    while (await orUndo(stale())) await orUndo(renew());
    for (let times = 1; ; times += 1) {
      const made = await orUndo(sign(asked));
      // From here on there is a signature: what was taken for it stays taken, even when its completion cannot be recorded. Only one that
      // goes nowhere, as it came too late or its certificate was revoked, gives it back.
      const completed = await complete(asked, made).catch(async (error: unknown) => {
        if (codeOf(error) === 'signing.operation_timed_out') await undo();
        throw error;
      });
      if (completed) return { operationId: asked.operationId, signed: made.signed, signedAt: made.facts.signedAt };
      await orUndo(times < MOST_SIGNATURES ? renew() : giveUp(asked));
    }
  };

  return { perform, fail };
};
