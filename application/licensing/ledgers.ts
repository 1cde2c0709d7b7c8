/** The ledgers of all accounts, and the month that counts in them. */
import type { TenantId } from '../../domain/kernel/ids.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import { ledger, type GenerateLicence, type LedgerCommand, type LedgerState } from '../../domain/licensing/ledger.ts';
import type { LedgerEvent } from '../../domain/licensing/licence.events.ts';
import { createAggregate } from '../kernel/command-handler.ts';
import type { AppendOptions, Cause, EventStore } from '../kernel/ports.ts';
import { createVolumes, type Series } from '../kernel/volumes.ts';
import type { GeneratedLicence } from './ports.ts';
import { ledgerStream } from './streams.ts';

/** Accounts that generate in the same hour: the keys of a volume make its state about 100 kB. */
const CACHED = 300;

export interface Ledgers {
  load(tenant: TenantId): Promise<LedgerState>;
  /**
   * `now` in milliseconds since 1970. undefined: a licence with this key was generated before. Rejects with
   * `licensing.quota_exceeded` {limit, retryAfter: seconds}.
   */
  generate(place: Readonly<{ tenant: TenantId; now: number }>, wanted: GenerateLicence['data'], how: Cause & AppendOptions): Promise<GeneratedLicence | undefined>;
}

const MONTH_LENGTH = '2026-11'.length;

/** The UTC month of a moment (milliseconds since 1970), as `2026-11`. */
export const monthAt = (at: number): string => new Date(at).toISOString().slice(0, MONTH_LENGTH);

/** Seconds until a month is over: one at least, since the clock may stand anywhere. */
const secondsLeftOf = (month: string, now: number): number => {
  const [year, number] = month.split('-').map(Number) as [number, number];
  return Math.max(1, Math.ceil((Date.UTC(year, number, 1) - now) / 1_000));
};

const beyond = (error: unknown, now: number): unknown => {
  if (!(error instanceof Rejection) || error.code !== 'licensing.quota_exceeded') return error;
  const { limit, month } = error.details as Readonly<{ limit: number; month: string }>;
  return new Rejection(error.code, { limit, retryAfter: secondsLeftOf(month, now) });
};

const seriesOf = (tenant: TenantId): Series => ({ tenant, name: 'ledger' });

export const createLedgers = (store: EventStore): Ledgers => {
  const volumes = createVolumes<LedgerState, LedgerCommand, LedgerEvent>({
    store,
    volumes: createAggregate<LedgerState, LedgerCommand, LedgerEvent>(store, ledger, { cached: CACHED }),
    stream: ledgerStream,
    isClosed: ({ volume }) => volume === 'closed',
    refusal: 'licensing.ledger_volume_closed',
    open: ({ sold, month, inMonth }) => ({ type: 'OpenLedgerVolume', data: { sold, month, inMonth } }),
  });
  return {
    load: (tenant) => volumes.load(seriesOf(tenant)),
    generate: async ({ tenant, now }, data, how) => {
      try {
        const { events } = await volumes.execute(seriesOf(tenant), { type: 'GenerateLicence', data }, how);
        return events.find((event) => event.type === 'LicenceGenerated')?.data;
      } catch (error) {
        throw beyond(error, now);
      }
    },
  };
};
