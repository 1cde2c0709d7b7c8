/** What a sink sends of an event. */
import type { SinkKind } from '../../domain/delivery/siem-sink.events.ts';
import type { Recorded } from '../kernel/ports.ts';
import type { SiemMaps, SinkRecord } from './siem-ports.ts';

const INFORMATIONAL = 2;

const CEF_HEADER = /^CEF:\d+(?:\|(?:[^\\|]|\\.)*){3}\|((?:[^\\|]|\\.)*)\|(?:[^\\|]|\\.)*\|(\d+)\|/u;

type Said = Pick<SinkRecord, 'type' | 'severity' | 'body'>;

/** What a CEF header says: the type in its fifth field, the severity in its seventh; bars within a field are escaped. */
const ofCef = (line: string, stored: string): Said => {
  const [, type = stored, severity = INFORMATIONAL] = CEF_HEADER.exec(line) ?? [];
  return { type, severity: Number(severity), body: line };
};

const ofOcsf = (event: Readonly<{ metadata?: Readonly<{ event_code?: string }> }>, stored: string): Said => ({
  type: event.metadata?.event_code ?? stored, severity: INFORMATIONAL, body: JSON.stringify(event),
});

/** Pure. Undefined: the table has nothing to say of the event. */
export const createToRecord =
  ({ toOcsf, toCef }: SiemMaps) =>
  (kind: SinkKind, recorded: Recorded): SinkRecord | undefined => {
    const { id, type, tenant, time, position } = recorded;
    const [line, event] = kind === 'cef-syslog' ? [toCef(recorded), undefined] : [undefined, toOcsf(recorded)];
    if (line !== undefined) return { id, tenant, time, position, ...ofCef(line, type) };
    return event && { id, tenant, time, position, ...ofOcsf(event, type) };
  };

export type ToRecord = ReturnType<typeof createToRecord>;

/** A sending holds at most about this many octets of records, and one record at least. */
export const LARGEST_BATCH = 512 * 1_024;

/** Of the records by themselves. */
export const octetsOf = (records: readonly SinkRecord[]): number => records.reduce((octets, { body }) => octets + Buffer.byteLength(body), 0);

/** Cut where a sending would become too large. */
export const batchesOf = (records: readonly SinkRecord[], most = LARGEST_BATCH): readonly (readonly SinkRecord[])[] => {
  const batches: SinkRecord[][] = [];
  let octets = 0;
  for (const record of records) {
    const size = Buffer.byteLength(record.body);
    const last = batches.at(-1);
    if (last === undefined || octets + size > most) {
      batches.push([record]);
      octets = size;
    } else {
      last.push(record);
      octets += size;
    }
  }
  return batches;
};
