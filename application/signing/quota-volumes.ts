/** Finds a period's newest volume, and goes on to the next when it is full. */
import { streamId, streamParts, type StreamId, type TenantId } from '../../domain/kernel/ids.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import type { SigningQuotaEvent } from '../../domain/signing/quota.events.ts';
import { signingQuota, type SigningQuotaCommand, type SigningQuotaState } from '../../domain/signing/quota.ts';
import { createAggregate } from '../kernel/command-handler.ts';
import type { Cause, EventStore } from '../kernel/ports.ts';
import { createRecent } from '../kernel/recent.ts';

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

const isClosed = (error: unknown): boolean => error instanceof Rejection && error.code === 'signing.quota_volume_closed';

/** Strides that double until there is nothing, and halve again: each volume but the newest is followed by another. */
const findNewest = async (exists: (volume: number) => Promise<boolean>): Promise<number> => {
  let volume = 0;
  let stride = 1;
  for (; await exists(volume + stride); stride *= 2) volume += stride;
  for (; stride >= 1; stride /= 2) if (await exists(volume + stride)) volume += stride;
  return volume;
};

export const createQuotaVolumes = (store: EventStore): QuotaVolumes => {
  const quotas = createAggregate<SigningQuotaState, SigningQuotaCommand, SigningQuotaEvent>(store, signingQuota, { cached: CACHED });
  /** The newest volume as far as this process knows: there may be newer ones, but none is newer than a closed one by more than one. */
  const newest = createRecent<string, number>(CACHED);

  const exists = async (tenant: TenantId, period: string, volume: number): Promise<boolean> => (await store.head(quotaStream(tenant, period, volume))) >= 0;

  const current = async (tenant: TenantId, period: string): Promise<number> => {
    const key = `${tenant} ${period}`;
    const known = newest.get(key) ?? (await findNewest((volume) => exists(tenant, period, volume)));
    newest.set(key, known);
    return known;
  };

  const goOn = async (tenant: TenantId, period: string, closed: number, cause: Cause): Promise<void> => {
    const { used, open } = (await quotas.load(quotaStream(tenant, period, closed))).state;
    await quotas.execute(quotaStream(tenant, period, closed + 1), { type: 'OpenQuotaVolume', data: { used, open: [...open] } }, cause);
    const key = `${tenant} ${period}`;
    newest.set(key, Math.max(newest.get(key) ?? 0, closed + 1));
  };

  /** Whether the volume took the command. */
  const took = async (stream: StreamId, command: SigningQuotaCommand, cause: Cause): Promise<boolean> => {
    try {
      return (await quotas.execute(stream, command, cause)).state.volume !== 'closed';
    } catch (error) {
      if (isClosed(error)) return false;
      throw error;
    }
  };

  return {
    load: async (tenant, period) => {
      for (let volume = await current(tenant, period); ; volume += 1) {
        const { state } = await quotas.load(quotaStream(tenant, period, volume));
        // Another process may have gone on meanwhile; a closed volume that is the last still counts right.
        if (state.volume !== 'closed' || !(await exists(tenant, period, volume + 1))) return state;
      }
    },
    execute: async ({ tenant, period }, command, cause) => {
      for (;;) {
        const volume = await current(tenant, period);
        if (await took(quotaStream(tenant, period, volume), command, cause)) return;
        await goOn(tenant, period, volume, cause);
      }
    },
  };
};
