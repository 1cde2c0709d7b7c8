/**
 * What a SIEM is told of the log, in OCSF 1.8.0: pure maps of one table, a row for each stored type. The same rows make docs/siem.md, and CEF
 * (`siem-cef.ts`). Nobody is named by an address, and nothing secret is told: what there is besides comes from the public vocabulary.
 */
import type { Actor, Recorded } from '../../application/kernel/ports.ts';
import { streamParts } from '../../domain/kernel/ids.ts';
import { integrationEvent } from './integration-events.ts';
import { sinkSiem, webhookSiem } from './siem/delivery-rows.ts';
import { licensingSiem } from './siem/licensing-rows.ts';
import { activityOf, classWords, OCSF_VERSION, SEVERITIES, STATUSES, type Severity, type Status } from './siem/ocsf.ts';
import { authoritiesSiem, keysSiem, transparencySiem } from './siem/pki-rows.ts';
import type { SiemRow, UnsentRow, User } from './siem/row.ts';
import { signingRulesSiem, signingSiem } from './siem/signing-rows.ts';
import { accessSiem, tenancySiem } from './siem/tenancy-rows.ts';

/** A row for each stored type (names in code), of the whole catalogue: a test holds it to that. */
export const siemRows: Readonly<Record<string, SiemRow | UnsentRow>> = {
  ...authoritiesSiem, ...keysSiem, ...licensingSiem, ...signingSiem, ...signingRulesSiem, ...tenancySiem, ...accessSiem, ...transparencySiem,
  ...webhookSiem, ...sinkSiem,
};

const isSent = (row: SiemRow | UnsentRow): row is SiemRow => 'class' in row;

/** Every stored type that a SIEM is told of: what a feed for a sink asks for. */
export const siemTypes: readonly string[] = Object.entries(siemRows).flatMap(([type, row]) => (isSent(row) ? [type] : []));

/** What is said of an event, before it has a format. `code`: the public type, or the stored one of what is not public. */
export type SiemEvent = Readonly<{
  row: SiemRow<object>;
  code: string;
  severity: Severity;
  status: Status;
  /** Why, where it failed. */
  reason: string | undefined;
  subject: string;
  details: object | undefined;
}>;

const said = <Value extends string>(value: Value | ((data: object) => Value) | undefined, data: object, usual: Value): Value =>
  typeof value === 'function' ? value(data) : (value ?? usual);

/** Undefined for what is not sent, and for what only a newer release knows. */
export const siemEvent = (recorded: Recorded): SiemEvent | undefined => {
  const found = Object.hasOwn(siemRows, recorded.type) ? siemRows[recorded.type] : undefined;
  if (found === undefined || !isSent(found)) return undefined;
  // The row is that of the event's own type: what `SiemRows` says by the compiler, said once more here where types are names.
  const row = found as SiemRow<object>;
  const told = integrationEvent(recorded);
  return {
    row,
    code: told?.type ?? `chancery.${streamParts(recorded.stream).category.split('.')[0]}.${recorded.type}`,
    severity: said(row.severity, recorded.data, 'Informational'),
    status: said(row.status, recorded.data, 'Success'),
    reason: row.code?.(recorded.data),
    subject: row.subject(recorded.data, recorded),
    details: told?.data,
  };
};

/** OCSF's user types: 0 unknown, 1 user, 2 admin, 3 system, 4 service. */
const ACTORS: Readonly<Record<Actor['kind'], (id: string) => User>> = {
  operator: (id) => ({ uid: id, type_id: 2, type: 'Admin' }),
  person: (id) => ({ uid: id, type_id: 1, type: 'User' }),
  credential: (id) => ({ uid: id, type_id: 4, type: 'Service' }),
  system: (id) => ({ uid: id, type_id: 3, type: 'System' }),
  anonymous: () => ({ name: 'unauthenticated', type_id: 0, type: 'Unknown' }),
};

const classOf = ({ row }: SiemEvent): object => {
  const { uid, name, category } = classWords(row.class);
  const activity = activityOf(row.class, row.activity);
  return {
    category_uid: category.uid,
    category_name: category.name,
    class_uid: uid,
    class_name: name,
    activity_id: activity.id,
    activity_name: activity.name,
    type_uid: uid * 100 + activity.id,
    type_name: `${name}: ${activity.name}`,
  };
};

/** A finding is new, whatever its row says of CEF's `outcome`; what else there is has gone well or not. */
const statusOf = ({ row, status, reason }: SiemEvent): object => ({
  ...(row.class === 'complianceFinding' ? { status_id: 1, status: 'New' } : { status_id: STATUSES[status], status }),
  ...(reason !== undefined && { status_code: reason }),
});

const metadataOf = ({ code }: SiemEvent, { id, tenant, time, position, cause }: Recorded, version: string): object => ({
  version: OCSF_VERSION,
  product: { name: 'Chancery', vendor_name: 'Chancery', version },
  uid: id,
  event_code: code,
  tenant_uid: tenant,
  correlation_uid: cause.correlation,
  logged_time: Date.parse(time),
  log_name: 'events',
  labels: [`position:${position}`],
});

/**
 * OCSF events, by the class of each row. `metadata.uid` is the event's id: what arrives twice has the same. `version` is the product's. Undefined
 * for what is not sent.
 */
export const createToOcsf =
  (version: string) =>
  (recorded: Recorded): object | undefined => {
    const event = siemEvent(recorded);
    if (event === undefined) return undefined;
    const { row, severity, details } = event;
    const { actor } = recorded.cause;
    return {
      ...classOf(event),
      time: Date.parse(recorded.time),
      severity_id: SEVERITIES[severity],
      severity,
      ...statusOf(event),
      message: row.message,
      metadata: metadataOf(event, recorded, version),
      ...(classWords(row.class).actor && { actor: { user: ACTORS[actor.kind](actor.id) } }),
      ...row.parts(recorded.data, recorded),
      ...(details !== undefined && { unmapped: details }),
    };
  };
