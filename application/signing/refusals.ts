/** What a rule, the plan or the queue has stopped is recorded, with the facts that rules read, before the refusal is told. */
import { streamId } from '../../domain/kernel/ids.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import { POLICY_REFUSALS } from '../../domain/signing/judge.ts';
import type { SigningRefused } from '../../domain/signing/refusal.events.ts';
import type { EventStore } from '../kernel/ports.ts';
import type { PersonalData, Place } from '../kernel/sealing.ts';
import type { TenantId } from '../../domain/kernel/ids.ts';
import { describeRequest } from './described.ts';
import type { Asked, Stopped } from './gates.ts';

const refusalStream = (tenant: TenantId, refusedAt: string) => streamId('signing.refusals', tenant, refusedAt.slice(0, 10));

/** Where the address of a refused request belongs. `refusedAt`: UTC, ISO 8601. */
export const refusedAddress = (tenant: TenantId, refusedAt: string, attemptId: string): Place => ({
  tenant,
  place: `${refusalStream(tenant, refusedAt)}#address#${attemptId}`,
});

/**
 * What a member who may sign is refused with. Who may not sign at all was never a request to sign, who has gone was refused nothing, and
 * what could not be stored or signed is a failure: none of these leaves a `SigningRefused`.
 */
const REFUSALS: ReadonlySet<string> = new Set([
  'signing.subscription_cancelled',
  ...POLICY_REFUSALS,
  'signing.limit_reached',
  'signing.free_limit_reached',
  'signing.queue_timeout',
]);

/** Records a refusal, and nothing else that stops a request. Resolves when it is durable; rejects with `storage.*` when it cannot be recorded. */
export type RecordRefusal = (asked: Asked, why: Stopped) => Promise<void>;

export const createRecordRefusal =
  ({ store, personalData }: Readonly<{ store: EventStore; personalData: Pick<PersonalData, 'seal'> }>): RecordRefusal =>
  async (asked, { error, at, approved }) => {
    if (!(error instanceof Rejection) || !REFUSALS.has(error.code)) return;
    const { principal, request, operationId, cause } = asked;
    const tenant = principal.tenant.id;
    const refusedAt = new Date(at).toISOString();
    const described = describeRequest(asked);
    const subject = { id: described.actorUserId as Parameters<PersonalData['seal']>[0]['id'], newKeys: [] };
    const address = await personalData.seal(subject, refusedAddress(tenant, refusedAt, operationId), request.ip);
    // Looked at as approved, and then another request was quicker: it is not.
    const had = approved && error.code !== 'signing.policy_approval';
    const data = { attemptId: operationId, code: error.code, ...described, ...(had && { approved: true as const }), address, refusedAt };
    const event: SigningRefused = { type: 'SigningRefused', data };
    await store.append(refusalStream(tenant, refusedAt), 'any', [event], cause);
  };
