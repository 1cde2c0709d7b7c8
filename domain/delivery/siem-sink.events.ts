/**
 * The SIEM sinks of a tenant (or of the installation), all on one stream, so that their number can be limited. NOTE: a storage contract. Add
 * fields, never change or reuse one; a new meaning is a new event.
 */
import type { Message } from '../kernel/decider.ts';
import type { SealedSecret } from '../kernel/sealed.ts';
import type { SealedUrl } from './sealed-url.ts';

/** `header`: the name of the header that carries the sink's secret; null when there is none. */
export type HttpTarget<Url = SealedUrl> = Readonly<{ kind: 'ocsf-http'; url: Url; header: string | null }>;
export type SyslogTarget = Readonly<{ kind: 'cef-syslog'; host: string; port: number; transport: 'tcp' | 'tls' }>;
/** A file is closed at about `rotateBytes`; of those closed the newest `keepFiles` are kept. */
export type FileTarget = Readonly<{ kind: 'ndjson-file'; rotateBytes: number; keepFiles: number }>;
export type BusTarget = Readonly<{ kind: 'bus'; topic: string }>;

/** Where a sink's records go, and in which form: CEF for syslog, OCSF in JSON for all others. */
export type SinkTarget<Url = SealedUrl> = HttpTarget<Url> | SyslogTarget | FileTarget | BusTarget;
export type SinkKind = SinkTarget['kind'];

/** What may be changed; a sink's kind stays. `types`: public event types; null: all that the SIEM table knows. */
export type SinkSettings = Readonly<{
  name: string;
  target: SinkTarget;
  types: readonly string[] | null;
  /** The value of the header that `target` names. */
  secret: SealedSecret | null;
}>;

/**
 * `startAfter`: the position that it begins after; null: that of this event, or
 * with `startTime` the log's beginning. `startTime`: what happened before is left out. Times are UTC, ISO 8601 with milliseconds.
 */
export type SiemSinkCreated = Message<
  'SiemSinkCreated',
  SinkSettings & Readonly<{ sinkId: string; startAfter: string | null; startTime: string | null; createdAt: string }>
>;
/** It goes on from where it is. */
export type SiemSinkChanged = Message<'SiemSinkChanged', SinkSettings & Readonly<{ sinkId: string; changedAt: string }>>;
export type SiemSinkPaused = Message<'SiemSinkPaused', Readonly<{ sinkId: string; pausedAt: string }>>;
/** It goes on where it stopped. */
export type SiemSinkResumed = Message<'SiemSinkResumed', Readonly<{ sinkId: string; resumedAt: string }>>;
export type SiemSinkDeleted = Message<'SiemSinkDeleted', Readonly<{ sinkId: string; deletedAt: string }>>;

export type SiemSinkEvent = SiemSinkCreated | SiemSinkChanged | SiemSinkPaused | SiemSinkResumed | SiemSinkDeleted;
