/** How a sink is doing: operational state, which no decision rests on. */
import type { StateStore } from '../kernel/state.ts';
import type { SinkFailure, SinkFailureReason } from './siem-ports.ts';
import { sinkKey, type SinkName } from './siem-streams.ts';

export type SinkTrouble = Readonly<{
  reason: SinkFailureReason;
  status: number | null;
  /** Of the first failure since the last success. Times are UTC, ISO 8601 with milliseconds. */
  since: string;
  lastAt: string;
  /** Failures since then. */
  attempts: number;
  /** When it is tried again. */
  nextAt: string;
}>;

/** An event that the receiver found too large all by itself. */
export type SkippedEvent = Readonly<{ eventId: string; position: string; at: string }>;

export type SinkStatus = Readonly<{
  /** Records that were taken, repetitions included. */
  delivered: number;
  deliveredAt: string | null;
  trouble: SinkTrouble | null;
  /** Events that were passed over, repetitions included, and the last of them. */
  skipped: number;
  lastSkipped: SkippedEvent | null;
}>;

export interface SinkStatuses {
  read(name: SinkName): Promise<SinkStatus>;
  delivered(name: SinkName, records: number, at: string): Promise<void>;
  failed(name: SinkName, failure: SinkFailure, times: Readonly<{ at: string; nextAt: string }>): Promise<void>;
  skipped(name: SinkName, event: SkippedEvent): Promise<void>;
  /** What it was waiting for is over: it is tried again at this moment. */
  due(name: SinkName, at: string): Promise<void>;
  forget(name: SinkName): Promise<void>;
}

export const SINK_STATUSES = 'siem:status';
const NEW: SinkStatus = { delivered: 0, deliveredAt: null, trouble: null, skipped: 0, lastSkipped: null };

const parse = (text: string | undefined): SinkStatus => (text === undefined ? NEW : { ...NEW, ...(JSON.parse(text) as Partial<SinkStatus>) });

export const createSinkStatuses = (state: StateStore): SinkStatuses => {
  /** A lost race means that another worker of this sink has just said how it is doing. */
  const change = async (name: SinkName, next: (status: SinkStatus) => SinkStatus): Promise<void> => {
    const before = await state.get(SINK_STATUSES, sinkKey(name));
    await state.compareAndSet(SINK_STATUSES, sinkKey(name), before, { value: JSON.stringify(next(parse(before))) });
  };
  return {
    read: async (name) => parse(await state.get(SINK_STATUSES, sinkKey(name))),
    delivered: (name, records, at) => change(name, (before) => ({ ...before, delivered: before.delivered + records, deliveredAt: at, trouble: null })),
    failed: (name, { reason, status = null }, { at, nextAt }) =>
      change(name, (before) => ({
        ...before,
        trouble: { reason, status, since: before.trouble?.since ?? at, lastAt: at, attempts: (before.trouble?.attempts ?? 0) + 1, nextAt },
      })),
    skipped: (name, event) => change(name, (before) => ({ ...before, trouble: null, skipped: before.skipped + 1, lastSkipped: event })),
    due: async (name, at) => {
      const { trouble } = parse(await state.get(SINK_STATUSES, sinkKey(name)));
      if (trouble !== null) await change(name, (before) => ({ ...before, trouble: before.trouble && { ...before.trouble, nextAt: at } }));
    },
    forget: async (name) => {
      const before = await state.get(SINK_STATUSES, sinkKey(name));
      if (before !== undefined) await state.compareAndSet(SINK_STATUSES, sinkKey(name), before, undefined);
    },
  };
};
