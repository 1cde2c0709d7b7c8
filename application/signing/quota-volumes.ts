/** A period's signings, in volumes. */
import { streamId, streamParts, type StreamId, type TenantId } from '../../domain/kernel/ids.ts';
import type { SigningQuotaEvent } from '../../domain/signing/quota.events.ts';
import { signingQuota, type SigningQuotaCommand, type SigningQuotaState } from '../../domain/signing/quota.ts';
import { createAggregate } from '../kernel/command-handler.ts';
import type { Cause, EventStore } from '../kernel/ports.ts';
import { createVolumes } from '../kernel/volumes.ts';

export interface QuotaVolumes {
  load(tenant: TenantId, period: string): Promise<SigningQuotaState>;
  execute(place: Readonly<{ tenant: TenantId; period: string }>, command: SigningQuotaCommand, cause: Cause): Promise<void>;
}

const SEPARATOR = '/';

/** `volume` counts from 0. */
export const quotaStream = (tenant: TenantId, period: string, volume: number): StreamId =>
  streamId('signing.quota', tenant, `${period}${SEPARATOR}${volume}`);

/** The id of the period that a volume belongs to. */
export const periodOfVolume = (stream: StreamId): string => streamParts(stream).id.split(SEPARATOR)[0] ?? '';

/** Tenants that sign in the same hour; each state is a number and what is under way. */
const CACHED = 10_000;

export const createQuotaVolumes = (store: EventStore): QuotaVolumes => {
  const volumes = createVolumes<SigningQuotaState, SigningQuotaCommand, SigningQuotaEvent>({
    store,
    volumes: createAggregate<SigningQuotaState, SigningQuotaCommand, SigningQuotaEvent>(store, signingQuota, { cached: CACHED }),
    stream: ({ tenant, name }, volume) => quotaStream(tenant, name, volume),
    isClosed: ({ volume }) => volume === 'closed',
    refusal: 'signing.quota_volume_closed',
    open: ({ used, open }) => ({ type: 'OpenQuotaVolume', data: { used, open: [...open] } }),
  });
  return {
    load: (tenant, name) => volumes.load({ tenant, name }),
    execute: async ({ tenant, period }, command, cause) => void (await volumes.execute({ tenant, name: period }, command, cause)),
  };
};
