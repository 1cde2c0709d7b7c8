/** What a rule has stopped is recorded, with the facts that it read, before the refusal is told. */
import { streamId } from '../../domain/kernel/ids.ts';
import type { SigningRefused } from '../../domain/signing/refusal.events.ts';
import type { EventStore } from '../kernel/ports.ts';
import type { PersonalData, Place } from '../kernel/sealing.ts';
import type { TenantId } from '../../domain/kernel/ids.ts';
import { describeRequest } from './described.ts';
import type { Asked } from './gates.ts';

const refusalStream = (tenant: TenantId, refusedAt: string) => streamId('signing.refusals', tenant, refusedAt.slice(0, 10));

/** Where the address of a refused request belongs. `refusedAt`: UTC, ISO 8601. */
export const refusedAddress = (tenant: TenantId, refusedAt: string, attemptId: string): Place => ({
  tenant,
  place: `${refusalStream(tenant, refusedAt)}#address#${attemptId}`,
});

/** Resolves when it is durable; rejects with `storage.*` when it cannot be recorded. */
export type RecordRefusal = (asked: Asked, code: string, at: number) => Promise<void>;

export const createRecordRefusal =
  ({ store, personalData }: Readonly<{ store: EventStore; personalData: Pick<PersonalData, 'seal'> }>): RecordRefusal =>
  async (asked, code, at) => {
    const { principal, request, operationId, cause } = asked;
    const tenant = principal.tenant.id;
    const refusedAt = new Date(at).toISOString();
    const described = describeRequest(asked);
    const subject = { id: described.actorUserId as Parameters<PersonalData['seal']>[0]['id'], newKeys: [] };
    const address = await personalData.seal(subject, refusedAddress(tenant, refusedAt, operationId), request.ip);
    const event: SigningRefused = { type: 'SigningRefused', data: { attemptId: operationId, code, ...described, address, refusedAt } };
    await store.append(refusalStream(tenant, refusedAt), 'any', [event], cause);
  };
