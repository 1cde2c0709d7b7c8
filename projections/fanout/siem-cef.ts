/** What a SIEM is told of the log, as lines in ArcSight's Common Event Format, version 0: of the same table as OCSF. */
import type { Recorded } from '../../application/kernel/ports.ts';
import { activityOf, classWords, type Severity } from './siem/ocsf.ts';
import { siemEvent, type SiemEvent } from './siem.ts';

/** CEF's 0 to 10, by OCSF's severity. */
export const CEF_SEVERITIES: Readonly<Record<Severity, number>> = { Informational: 2, Low: 4, Medium: 6, High: 8, Critical: 9 };

const MOST = 1_023;

/** Text that breaks no line and no reader: control characters and halves of surrogate pairs are gone, and it ends somewhere. */
const plain = (value: string): string => {
  const text = value.toWellFormed().replaceAll(/[\p{Cc}\u2028\u2029]/gu, (character) => (character === '\n' || character === '\r' ? character : ' '));
  return text.length <= MOST ? text : text.slice(0, MOST).toWellFormed();
};

/** A field of the header: a backslash before backslashes and bars; line ends have no escape there. */
export const cefHeader = (value: string): string => plain(value).replaceAll(/[\\|]/g, (character) => `\\${character}`).replaceAll(/[\r\n]+/g, ' ');

/** Printable ASCII without backslashes and equals signs, not too long: what most values are, and needs nothing. */
const HARMLESS = /^[ -<>-[\]-~]{0,1023}$/;

/** A value of the extension: a backslash before backslashes and equals signs, line ends as `\n` and `\r`. Bars stay. */
export const cefValue = (value: string): string =>
  HARMLESS.test(value) ? value : plain(value).replaceAll(/[\\=]/g, (character) => `\\${character}`).replaceAll('\n', '\\n').replaceAll('\r', '\\r');

type Details = Readonly<Record<string, unknown>>;

/** What of the details has a key of its own in CEF's dictionary. */
const DETAILS: readonly (readonly [key: string, detail: string])[] = [['fname', 'file_name'], ['fsize', 'file_size'], ['duid', 'user_id']];

const detailsOf = (details: Details): readonly (readonly [string, string])[] =>
  DETAILS.flatMap(([key, name]) => {
    const value = details[name];
    return typeof value === 'string' || typeof value === 'number' ? [[key, String(value)] as const] : [];
  });

const extensionOf = ({ row, status, reason, subject, details = {} }: SiemEvent, { id, time, tenant, position, cause }: Recorded): readonly (readonly [string, string])[] => [
  ['rt', String(Date.parse(time))],
  ['externalId', id],
  ['cat', classWords(row.class).name],
  ['act', activityOf(row.class, row.activity).name],
  ['outcome', status.toLowerCase()],
  ...(reason === undefined ? [] : [['reason', reason] as const]),
  ...(cause.actor.kind === 'anonymous' ? [] : [['suid', cause.actor.id] as const]),
  ['sourceServiceName', cause.actor.kind],
  ...detailsOf(details as Details),
  ['cs1Label', 'tenant'],
  ['cs1', tenant],
  ['cs2Label', 'subject'],
  ['cs2', subject],
  ['cs3Label', 'correlation'],
  ['cs3', cause.correlation],
  ['cs4Label', 'position'],
  ['cs4', position],
];

/** CEF lines, without line ends; `externalId` is the event's id. `version` is the product's. Undefined for what is not sent. */
export const createToCef =
  (version: string) =>
  (recorded: Recorded): string | undefined => {
    const event = siemEvent(recorded);
    if (event === undefined) return undefined;
    const header = ['CEF:0', 'Chancery', 'Chancery', version, event.code, event.row.message, String(CEF_SEVERITIES[event.severity])];
    const extension = extensionOf(event, recorded).map(([key, value]) => `${key}=${cefValue(value)}`);
    return `${header.map((field, index) => (index === 0 ? field : cefHeader(field))).join('|')}|${extension.join(' ')}`;
  };
