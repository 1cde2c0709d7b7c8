/**
 * Signing one digest. The intent is durable before the private key is used, and the signature leaves this program only
 * after its completion is durable: no audit event, no answer.
 */
import { rejectFields } from '../../domain/kernel/rejection.ts';
import { fileKindOf } from '../../domain/signing/file-kind.ts';
import { turnsDirection } from '../../domain/signing/shown-text.ts';
import type { Cause, Clock, Ids } from '../kernel/ports.ts';
import type { PersonalData } from '../kernel/sealing.ts';
import type { Access } from '../tenancy/access.ts';
import { requirePermission, requireSubscription, type SigningPrincipal } from './authorise.ts';
import { createHolding, passGates, type Asked, type Gate, type Stopped } from './gates.ts';
import { operationStream, type SigningOperations } from './operations.ts';
import { createPerformSigning } from './perform-signing.ts';
import { placesGate } from './places.ts';
import type { SigningBackend, SigningPlaces } from './ports.ts';
import { quotaGate, type SigningQuotas } from './quota.ts';
import type { RecordRefusal } from './refusals.ts';
import type { SigningRules } from './rules.ts';
import type { SignRequest, SignResult } from './sign-request.ts';

/**
 * Rejects with `signing.forbidden`, `signing.subscription_cancelled`, what `Access.current` finds after the wait for a place, `request.invalid` (a kind of file that cannot be signed, a
 * channel that is not the caller's), `signing.policy_…` (as the policy's gate says), `signing.limit_reached`, `signing.free_limit_reached`, `signing.queue_timeout`,
 * `signing.operation_timed_out` (its signature took too long and goes nowhere), `signing.certificate_revoked` (twice while it was under way), `signing.backend_provisioning`, `…_failed`, `…_transient`, and with `storage.*` when what
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

/** Asked again when a policy was set at the last moment, or the certificate was revoked under a request's hands: what they have taken is not taken twice. */
const lastGatesOf = ({ access, rules }: SignDigestDeps): readonly Gate[] => [mayStillSign(access), rules.take];

const TURNS = 'must not hold characters that turn the direction of writing (U+202A to U+202E, U+2066 to U+2069)';

/** What a schema cannot say of a request: rejects with `request.invalid`, naming the fields. */
export const checkSignRequest = (
  principal: SigningPrincipal,
  request: Pick<SignRequest, 'fileName' | 'fileKind' | 'clientChannel' | 'reason'>,
): void => {
  // People decide on what they see of these.
  if (turnsDirection(request.fileName)) rejectFields({ file_name: TURNS });
  if (turnsDirection(request.reason ?? '')) rejectFields({ reason: TURNS });
  if (request.fileKind === undefined && fileKindOf(request.fileName) === undefined) {
    rejectFields({ file_name: 'is of a kind that cannot be signed by its digest alone' });
  }
  if (request.clientChannel === 'dashboard' && principal.kind !== 'person') {
    rejectFields({ client_channel: 'dashboard is for people with a session' });
  }
};

/**
 * A retry takes up the operation that a crash left pending. One that has already ended stays as it is, and a new one begins: its
 * signature was never answered and is not kept.
 */
const operationFor = async ({ operations, ids }: SignDigestDeps, { tenant }: SigningPrincipal, commandId: string): Promise<string> => {
  const { state } = await operations.load(operationStream(tenant.id, commandId));
  return state.status === 'none' || state.status === 'pending' ? commandId : ids.next();
};

export const createSignDigest = (deps: SignDigestDeps): SignDigest => {
  const { clock, recordRefusal } = deps;
  const gates = gatesOf(deps);
  const lastGates = lastGatesOf(deps);
  const { fail, perform } = createPerformSigning(deps);

  /** The operation has begun: a refusal ends it, and is recorded like any other. */
  const stoppedLate = async (asked: Asked, why: Stopped): Promise<void> => {
    await fail(asked, why.error);
    await recordRefusal(asked, why);
  };

  return async (principal, request, cause) => {
    const operationId = await operationFor(deps, principal, request.commandId);
    const asked = { principal, request, cause, operationId };
    const held = createHolding(await passGates(gates, asked, { clock, stopped: recordRefusal }));
    try {
      const result = await perform(asked, {
        undo: held.undo,
        stale: held.stale,
        renew: async () => held.add(await passGates(lastGates, asked, { clock, stopped: stoppedLate })),
      });
      await held.keep();
      return result;
    } finally {
      held.release();
    }
  };
};
