/** What a sink sends of an event. */
import type { SinkKind } from '../../domain/delivery/siem-sink.events.ts';
import type { Recorded } from '../kernel/ports.ts';
import type { SiemMaps, SinkRecord } from './siem-ports.ts';

const INFORMATIONAL = 2;

/** The severity in a CEF header: its seventh field, after six bars that are not escaped. */
const severityOf = (line: string): number => {
  const found = /^CEF:\d+(?:\|(?:[^\\|]|\\.)*){5}\|(\d+)\|/u.exec(line)?.[1];
  return found === undefined ? INFORMATIONAL : Number(found);
};

/** Pure. Undefined: the table has nothing to say of the event. */
export const createToRecord =
  ({ toOcsf, toCef }: SiemMaps) =>
  (kind: SinkKind, recorded: Recorded): SinkRecord | undefined => {
    const { id, type, tenant, time, position } = recorded;
    if (kind === 'cef-syslog') {
      const line = toCef(recorded);
      return line === undefined ? undefined : { id, type, tenant, time, position, severity: severityOf(line), body: line };
    }
    const event = toOcsf(recorded);
    return event === undefined ? undefined : { id, type, tenant, time, position, severity: INFORMATIONAL, body: JSON.stringify(event) };
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
