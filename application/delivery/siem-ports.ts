/** The ports of SIEM sinks: what events are called there, and what brings records to a receiver. */
import type { SinkTarget } from '../../domain/delivery/siem-sink.events.ts';
import type { TenantId } from '../../domain/kernel/ids.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import type { Recorded } from '../kernel/ports.ts';

/** Pure maps, of one table. Undefined: nothing is said of the event. */
export type SiemMaps = Readonly<{
  /** An OCSF event; its `metadata.uid` is the event's id, by which a receiver tells repetitions. */
  toOcsf: (recorded: Recorded) => object | undefined;
  /** A CEF line, without line ends. */
  toCef: (recorded: Recorded) => string | undefined;
}>;

/** One event as a receiver gets it. `type`: what it is called outside. `severity`: of CEF, 0 to 10. `body`: JSON of the OCSF event, or the CEF line. */
export type SinkRecord = Readonly<{ id: string; type: string; tenant: TenantId; time: string; position: string; severity: number; body: string }>;

/**
 * `status`: an answer that is no success. `redirect`: one that leads elsewhere, which is not followed. `forbidden`: the address is none that may be
 * called. `unreachable`: no connection, or one that broke. `storage`: the file or the bus does not take it.
 */
export const SINK_FAILURES = ['status', 'redirect', 'timeout', 'unreachable', 'forbidden', 'storage'] as const;
export type SinkFailureReason = (typeof SINK_FAILURES)[number];

export type SinkFailure = Readonly<{ reason: SinkFailureReason; /** The HTTP status, where there was one. */ status?: number; /** What the receiver asked for. */ retryAfterMs?: number }>;

export const SINK_FAILED = 'delivery.sink_failed';

export const sinkFailed = (failure: SinkFailure): Rejection => new Rejection(SINK_FAILED, failure);

/** What a failed sending says of itself; whatever else went wrong is no fault of the receiver. */
export const failureOf = (error: unknown): SinkFailure | undefined =>
  error instanceof Rejection && error.code === SINK_FAILED ? (error.details as SinkFailure) : undefined;

/** One way to one receiver. */
export interface SinkTransport {
  /**
   * Resolves when the receiver has all of the records, as far as its protocol lets it say so; rejects with `delivery.sink_failed` otherwise, when
   * some may have arrived. One call at a time.
   */
  send(records: readonly SinkRecord[], signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** A target with its URL in the clear. */
export type OpenTarget = SinkTarget<string>;

/** A target as it is seen by those who may see it. A URL of null: it cannot be opened. */
export type SeenTarget = SinkTarget<string | null>;

/** `secret`: the value of the header that the target names. */
export type OpenSink = Readonly<{ tenant: TenantId; sinkId: string; target: OpenTarget; secret: string | null }>;

export type OpenTransport = (sink: OpenSink) => SinkTransport;

/** The guarded way out, as far as it can be asked before something is sent. Rejects with `outbound.forbidden` {reason}. */
export type SinkDoor = Readonly<{ check: (url: string) => void; checkHost: (host: string, port: number) => void }>;

/** Resolves after that many milliseconds, or at once when the signal fires. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>;
