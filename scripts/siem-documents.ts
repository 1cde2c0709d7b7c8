/**
 * Writes docs/siem.md from the rows that make what a SIEM is told: `npm run documents`. A test holds the file to it.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { catalogue } from '../application/catalogue.ts';
import { integrationRows } from '../projections/fanout/integration-events.ts';
import { activityOf, classWords, OCSF_VERSION, type Severity, type Status } from '../projections/fanout/siem/ocsf.ts';
import type { SiemRow } from '../projections/fanout/siem/row.ts';
import { CEF_SEVERITIES } from '../projections/fanout/siem-cef.ts';
import { siemRows } from '../projections/fanout/siem.ts';

type Row = SiemRow<object>;

/** What is the same for every event of the type; else the words that it may be. */
const fixed = (value: string | ((data: object) => string) | undefined, usual: string): string => (typeof value === 'function' ? 'by what happened' : (value ?? usual));

const eventOf = (context: string, stored: string): string => {
  const row = integrationRows[stored];
  return row !== undefined && 'type' in row ? row.type : `chancery.${context}.${stored}`;
};

const rowOf = (event: string, { class: name, activity, message, severity, status, code }: Row): string => {
  const { uid, name: className } = classWords(name);
  const { id, name: activityName } = activityOf(name, activity);
  const isFinding = name === 'complianceFinding';
  const outcome = isFinding ? 'New' : fixed(status, 'Success' satisfies Status);
  const reason = code === undefined ? '' : ', with `status_code`';
  return `| \`${event}\` | ${message} | ${uid} ${className} | ${id} ${activityName} | ${uid * 100 + id} | ${fixed(severity, 'Informational' satisfies Severity)} | ${outcome}${reason} |`;
};

const sections = (): readonly string[] =>
  [...new Set(catalogue.map(({ context }) => context))].flatMap((context) => {
    const rows = catalogue.flatMap(({ type, context: own }) => {
      const row = siemRows[type];
      return own === context && row !== undefined && 'class' in row ? [rowOf(eventOf(context, type), row as Row)] : [];
    });
    return rows.length === 0 ? [] : [[`## ${context}`, '', '| event | message | class_uid | activity_id | type_uid | severity | status |', '|---|---|---|---|---|---|---|', ...rows].join('\n')];
  });

const unsentRows = (): readonly string[] =>
  catalogue.flatMap(({ type, context }) => {
    const row = siemRows[type];
    return row !== undefined && 'unsent' in row ? [`| \`${context}.${type}\` | ${row.unsent} |`] : [];
  });

const BEGINNING = `# What a SIEM is told

SIEM sinks get every event of the table below, in OCSF ${OCSF_VERSION} (JSON) or in ArcSight's Common Event Format, version 0 (CEF). This file is made from the
program's own table by \`npm run documents\`, and a test holds each row, over every event ever stored, to what OCSF ${OCSF_VERSION} demands of its
class. Delivery is at least once: what arrives twice has the same \`metadata.uid\` (CEF: \`externalId\`), which is the event's id.

People are named by their user ids, never by an address; where a call came from is told by its kind (\`cli\`, \`api\`, …), never by its address. File names
and the names of credentials, tenants and keys are passed on as they are.

## What every OCSF event has

| attribute | what it is |
|---|---|
| \`metadata.uid\` | the event's id |
| \`metadata.event_code\` | the public type (\`docs/events.md\`), or the stored one of what is not public |
| \`metadata.tenant_uid\` | the tenant's id; \`00000000-0000-0000-0000-000000000000\` for the installation's own |
| \`metadata.correlation_uid\` | the request (or run) that led here |
| \`metadata.labels\` | \`position:\` and the position in the log, 20 digits |
| \`time\`, \`metadata.logged_time\` | when it was recorded: milliseconds since 1970 |
| \`actor.user\` | who acts: \`uid\`, and \`type_id\` 1 for people, 2 for the operator, 3 for the system, 4 for credentials, 0 for strangers. Not in findings, whose class has no such attribute: there \`evidences\` names the person |
| \`unmapped\` | the public event's \`data\`; not where the event is not public |
| class-specific | \`entity\`, \`user\`, \`api\`, … as the class asks for them; \`status_id\` 99 is "Pending" |

## What every CEF line has

\`CEF:0|Chancery|Chancery|<version>|<event_code>|<message>|<severity>|\` and the keys \`rt\`, \`externalId\`, \`cat\` (the OCSF class), \`act\` (its activity),
\`outcome\` (the status; of a finding \`failure\`, not \`new\`), \`reason\` (the status code, where there is one), \`suid\` (who acts), \`sourceServiceName\` (what they are), \`fname\`, \`fsize\`, \`duid\` (where there is
one), and \`cs1\` tenant, \`cs2\` subject, \`cs3\` correlation, \`cs4\` position, each with its label. Values end after 1,023 characters; control characters other
than line ends, which are escaped, become spaces.

| OCSF severity | ${Object.keys(CEF_SEVERITIES).join(' | ')} |
|---|${Object.keys(CEF_SEVERITIES).map(() => '---').join('|')}|
| CEF severity | ${Object.values(CEF_SEVERITIES).join(' | ')} |`;

export const siemDocument = (): string => {
  const unsent = `## What is not sent\n\n| stored type | why |\n|---|---|\n${unsentRows().join('\n')}`;
  return `${[BEGINNING, ...sections(), unsent].join('\n\n')}\n`;
};

export const SIEM_DOCUMENT = join(import.meta.dirname, '../docs/siem.md');

if (import.meta.main) writeFileSync(SIEM_DOCUMENT, siemDocument());
