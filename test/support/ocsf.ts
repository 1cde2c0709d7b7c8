/**
 * What OCSF 1.8.0 (github.com/ocsf/ocsf-schema, the commit "v1.8.0 prep" of 16 March 2026) demands of the classes that are used here, as a table:
 * numbers, required attributes, of which at least one must be there, and which attributes a class or an object has at all.
 */

type Demands = Readonly<{ required: readonly string[]; oneOf?: readonly string[]; known: readonly string[] }>;
type ClassDemands = Demands & Readonly<{ name: string; category: number; activities: Readonly<Record<number, string>> }>;

/** `events/base_event.json`; `profiles` of other attributes are not used. */
const BASE_REQUIRED = ['activity_id', 'category_uid', 'class_uid', 'metadata', 'severity_id', 'time', 'type_uid'];
const BASE = [
  ...BASE_REQUIRED, 'activity_name', 'category_name', 'class_name', 'count', 'duration', 'end_time', 'enrichments', 'message', 'observables', 'raw_data', 'raw_data_hash',
  'raw_data_size', 'severity', 'start_time', 'status', 'status_code', 'status_detail', 'status_id', 'timezone_offset', 'type_name', 'unmapped',
];
const IAM = [...BASE, 'actor', 'http_request', 'http_response', 'src_endpoint'];
const UNKNOWN = { 0: 'Unknown', 99: 'Other' };

const base = (required: readonly string[]): readonly string[] => [...BASE_REQUIRED, ...required];

export const OCSF_CLASSES: Readonly<Record<number, ClassDemands>> = {
  1008: {
    name: 'Event Log Activity', category: 1, required: base([]), oneOf: ['log_file', 'log_name', 'log_provider', 'log_type', 'log_type_id'],
    known: [...BASE, 'actor', 'device', 'dst_endpoint', 'file', 'log_name', 'log_provider', 'log_type', 'log_type_id', 'src_endpoint'],
    activities: { ...UNKNOWN, 1: 'Clear', 2: 'Delete', 3: 'Export', 4: 'Archive', 5: 'Rotate', 6: 'Start', 7: 'Stop', 8: 'Restart', 9: 'Enable', 10: 'Disable' },
  },
  2003: {
    name: 'Compliance Finding', category: 2, required: base(['finding_info', 'compliance']),
    known: [...BASE, 'finding_info', 'compliance', 'evidences', 'remediation', 'resource', 'resources', 'comment', 'confidence', 'confidence_id', 'confidence_score', 'device', 'vendor_attributes'],
    activities: { ...UNKNOWN, 1: 'Create', 2: 'Update', 3: 'Close' },
  },
  3001: {
    name: 'Account Change', category: 3, required: base(['user']), known: [...IAM, 'auth_factors', 'policies', 'policy', 'user', 'user_result'],
    activities: {
      ...UNKNOWN, 1: 'Create', 2: 'Enable', 3: 'Password Change', 4: 'Password Reset', 5: 'Disable', 6: 'Delete', 7: 'Attach Policy', 8: 'Detach Policy', 9: 'Lock',
      10: 'MFA Factor Enable', 11: 'MFA Factor Disable', 12: 'Unlock',
    },
  },
  3002: {
    name: 'Authentication', category: 3, required: base(['user']), oneOf: ['service', 'dst_endpoint'],
    known: [...IAM, 'auth_factors', 'auth_protocol', 'auth_protocol_id', 'authentication_token', 'certificate', 'dst_endpoint', 'is_cleartext', 'is_mfa', 'is_new_logon', 'is_remote', 'logon_process', 'logon_type', 'logon_type_id', 'service', 'session', 'user'],
    activities: { ...UNKNOWN, 1: 'Logon', 2: 'Logoff', 3: 'Authentication Ticket', 4: 'Service Ticket Request', 5: 'Service Ticket Renew', 6: 'Preauth', 7: 'Account Switch' },
  },
  3004: {
    name: 'Entity Management', category: 3, required: base(['entity']), known: [...IAM, 'access_list', 'access_mask', 'comment', 'entity', 'entity_result'],
    activities: {
      ...UNKNOWN, 1: 'Create', 2: 'Read', 3: 'Update', 4: 'Delete', 5: 'Move', 6: 'Enroll', 7: 'Unenroll', 8: 'Enable', 9: 'Disable', 10: 'Activate', 11: 'Deactivate', 12: 'Suspend', 13: 'Resume',
    },
  },
  3005: {
    name: 'User Access Management', category: 3, required: base(['user', 'privileges']), known: [...IAM, 'privileges', 'resource', 'resources', 'user'],
    activities: { ...UNKNOWN, 1: 'Assign Privileges', 2: 'Revoke Privileges' },
  },
  6003: {
    name: 'API Activity', category: 6, required: base(['actor', 'api', 'src_endpoint']),
    known: [...BASE, 'actor', 'api', 'dst_endpoint', 'http_request', 'http_response', 'resources', 'src_endpoint'],
    activities: { ...UNKNOWN, 1: 'Create', 2: 'Read', 3: 'Update', 4: 'Delete' },
  },
};

/** Objects by the attribute that they stand in. */
const OBJECTS: Readonly<Record<string, Demands>> = {
  metadata: {
    required: ['product', 'version'],
    known: [
      'correlation_uid', 'debug', 'event_code', 'extensions', 'is_truncated', 'labels', 'log_format', 'log_level', 'log_name', 'log_provider', 'log_source', 'log_version', 'logged_time', 'loggers',
      'modified_time', 'original_event_uid', 'original_time', 'processed_time', 'product', 'profiles', 'reporter', 'sequence', 'source', 'tags', 'tenant_uid', 'transmit_time', 'type', 'uid', 'version',
    ],
  },
  product: { required: [], oneOf: ['name', 'uid'], known: ['cpe_name', 'feature', 'lang', 'name', 'path', 'uid', 'url_string', 'vendor_name', 'version'] },
  actor: { required: [], oneOf: ['process', 'user', 'invoked_by', 'session', 'app_name', 'app_uid'], known: ['app_name', 'app_uid', 'authorizations', 'idp', 'invoked_by', 'process', 'session', 'user'] },
  user: {
    required: [], oneOf: ['account', 'name', 'uid'],
    known: ['account', 'credential_uid', 'display_name', 'domain', 'email_addr', 'full_name', 'groups', 'has_mfa', 'name', 'org', 'type', 'type_id', 'uid', 'uid_alt'],
  },
  entity: { required: [], oneOf: ['name', 'uid', 'device', 'group', 'org', 'policy', 'user'], known: ['data', 'device', 'email', 'group', 'location', 'name', 'org', 'policy', 'type', 'type_id', 'uid', 'user', 'version'] },
  api: { required: ['operation'], known: ['group', 'operation', 'request', 'response', 'service', 'token', 'version'] },
  src_endpoint: { required: [], oneOf: ['ip', 'uid', 'name', 'hostname', 'svc_name', 'instance_uid', 'interface_uid', 'interface_name', 'domain'], known: ['ip', 'uid', 'name', 'hostname', 'svc_name', 'port', 'type', 'type_id', 'domain'] },
  service: { required: [], oneOf: ['name', 'uid'], known: ['labels', 'name', 'tags', 'uid', 'version'] },
  session: { required: [], known: ['created_time', 'credential_uid', 'expiration_reason', 'expiration_time', 'is_mfa', 'is_remote', 'issuer', 'uid', 'uuid'] },
  finding_info: { required: ['uid'], known: ['created_time', 'desc', 'title', 'types', 'uid', 'uid_alt'] },
  compliance: { required: [], known: ['category', 'checks', 'control', 'desc', 'requirements', 'standards', 'status', 'status_code', 'status_detail', 'status_details', 'status_id'] },
  evidences: { required: [], oneOf: ['actor', 'api', 'data', 'device', 'file', 'resources', 'src_endpoint', 'user'], known: ['actor', 'api', 'data', 'device', 'file', 'name', 'resources', 'src_endpoint', 'uid', 'user'] },
  resources: { required: [], oneOf: ['name', 'uid'], known: ['name', 'uid', 'type', 'data', 'group', 'labels', 'namespace', 'owner', 'version'] },
  device: { required: ['type_id'], known: ['hostname', 'ip', 'name', 'region', 'type', 'type_id', 'uid', 'vendor_name'] },
};

const SEVERITIES = [0, 1, 2, 3, 4, 5, 6, 99];
const STATUSES = [0, 1, 2, 99];
const FINDING_STATUSES = [0, 1, 2, 3, 4, 5, 6, 99];
const FINDINGS = 2;
/** Years 2001 to 2286: milliseconds, not seconds. */
const MILLISECONDS = /^\d{13}$/;

type Json = Readonly<Record<string, unknown>>;

const demanded = (value: Json, { required, oneOf, known }: Demands, path: string): readonly string[] => [
  ...required.filter((name) => value[name] === undefined).map((name) => `${path}${name} is missing`),
  ...(oneOf !== undefined && !oneOf.some((name) => value[name] !== undefined) ? [`${path}one of ${oneOf.join(', ')} is missing`] : []),
  ...Object.keys(value).filter((name) => !known.includes(name)).map((name) => `${path}${name} is unknown`),
  ...Object.entries(value).flatMap(([name, inner]) => inside(name, inner, `${path}${name}.`)),
];

const inside = (name: string, value: unknown, path: string): readonly string[] => {
  const demands = OBJECTS[name];
  if (name === 'unmapped') return [];
  if (Array.isArray(value)) return value.flatMap((item) => inside(name, item, path));
  if (typeof value !== 'object' || value === null) return demands === undefined ? [] : [`${path} is no object`];
  return demands === undefined ? [`${path} is an object nobody knows`] : demanded(value as Json, demands, path);
};

/** What is wrong with an event by OCSF 1.8.0; empty when nothing is. */
export const ocsfFaults = (event: Json): readonly string[] => {
  const { class_uid: uid, activity_id: activity, category_uid: category, type_uid: type, status_id: status, metadata } = event;
  const demands = OCSF_CLASSES[uid as number];
  if (demands === undefined) return [`class ${String(uid)} is unknown`];
  const statuses = demands.category === FINDINGS ? FINDING_STATUSES : STATUSES;
  const rules: readonly (readonly [boolean, string])[] = [
    [category === demands.category && Math.floor((uid as number) / 1_000) === category, 'category_uid'],
    [event['class_name'] === demands.name, 'class_name'],
    [Object.hasOwn(demands.activities, activity as number), 'activity_id'],
    [activity === 99 || event['activity_name'] === demands.activities[activity as number], 'activity_name'],
    [type === (uid as number) * 100 + (activity as number), 'type_uid'],
    [SEVERITIES.includes(event['severity_id'] as number), 'severity_id'],
    [status === undefined || statuses.includes(status as number), 'status_id'],
    [MILLISECONDS.test(String(event['time'])), 'time'],
    [(metadata as Json | undefined)?.['version'] === '1.8.0', 'metadata.version'],
  ];
  return [...rules.filter(([right]) => !right).map(([, name]) => `${name} is wrong`), ...demanded(event, demands, '')];
};
