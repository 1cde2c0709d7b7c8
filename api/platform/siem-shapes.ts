/** SIEM sinks between the wire and the domain. */
import type { Static } from 'typebox';
import type { OpenTarget, SeenTarget } from '../../application/delivery/siem-ports.ts';
import type { ChangedSink, Revealed, WantedSink } from '../../application/delivery/siem-sinks.ts';
import type { SinkStatus, SinkTrouble } from '../../application/delivery/siem-status.ts';
import type { FileTarget, HttpTarget, SinkKind, SyslogTarget } from '../../domain/delivery/siem-sink.events.ts';
import type { SiemSink } from '../../domain/delivery/siem-sinks.ts';
import { PUBLIC_EVENTS } from '../../application/kernel/bus.ts';
import type { Position } from '../../domain/kernel/ids.ts';
import { rejectFields } from '../../domain/kernel/rejection.ts';
import { USUAL_KEPT_FILES, USUAL_ROTATE_BYTES, type ChangeSinkBody, type CreateSinkBody, type SinkReply } from './siem-schemas.ts';
import { momentOf } from './webhook-shapes.ts';

type Body = Static<typeof CreateSinkBody>;

type Change = Static<typeof ChangeSinkBody>;

/** What belongs to a kind; whatever else is given means nothing there. */
const MEMBERS: Readonly<Record<SinkKind, readonly Exclude<keyof Change, 'name' | 'types'>[]>> = {
  'ocsf-http': ['url', 'bearer_token', 'header'],
  'cef-syslog': ['host', 'port', 'transport'],
  'ndjson-file': ['rotate_bytes', 'keep_files'],
  bus: ['topic'],
};
const OF_SOME = Object.values(MEMBERS).flat();

const required = <Value>(field: string, kind: SinkKind, value: Value | undefined): Value => value ?? rejectFields({ [field]: `is required for ${kind}` });

/** What the message itself says; a sink does not say it otherwise. */
const NOT_SETTABLE: ReadonlySet<string> = new Set(['host', 'connection', 'content-length', 'content-type', 'content-encoding', 'transfer-encoding', 'te', 'trailer', 'upgrade', 'expect', 'keep-alive', 'user-agent']);

const headerOf = ({ bearer_token: token, header }: Pick<Body, 'bearer_token' | 'header'>): Readonly<{ name: string; value: string }> | undefined => {
  if (token !== undefined && header !== undefined) return rejectFields({ header: 'means nothing beside a bearer_token' });
  if (header !== undefined && NOT_SETTABLE.has(header.name.toLowerCase())) return rejectFields({ 'header.name': 'names a header that is not to be set' });
  return token === undefined ? header : { name: 'Authorization', value: `Bearer ${token}` };
};

/** Who reads public events there would find records of another form among them. */
const topicOf = (topic: string): string => (topic === PUBLIC_EVENTS ? rejectFields({ topic: 'is the topic of public events' }) : topic);

type Where = Pick<WantedSink, 'target' | 'secret'>;

const WHERE: Readonly<Record<SinkKind, (body: Body) => Where>> = {
  'ocsf-http': (body) => {
    const header = headerOf(body);
    return { target: { kind: 'ocsf-http', url: required('url', body.kind, body.url), header: header?.name ?? null }, secret: header?.value ?? null };
  },
  'cef-syslog': ({ kind, host, port, transport = 'tls' }) => ({
    target: { kind: 'cef-syslog', host: required('host', kind, host), port: required('port', kind, port), transport }, secret: null,
  }),
  'ndjson-file': ({ rotate_bytes: rotateBytes = USUAL_ROTATE_BYTES, keep_files: keepFiles = USUAL_KEPT_FILES }) => ({ target: { kind: 'ndjson-file', rotateBytes, keepFiles }, secret: null }),
  bus: ({ kind, topic }) => ({ target: { kind: 'bus', topic: topicOf(required('topic', kind, topic)) }, secret: null }),
};

const refuseStray = (kind: SinkKind, given: Readonly<Partial<Record<(typeof OF_SOME)[number], unknown>>>): void => {
  const stray = OF_SOME.find((member) => given[member] !== undefined && !MEMBERS[kind].includes(member));
  if (stray !== undefined) rejectFields({ [stray]: `means nothing for ${kind}` });
};

/** Rejects with `request.invalid` {fields} what is missing, or means nothing, for the kind. */
export const wantedSink = (body: Body): WantedSink => {
  refuseStray(body.kind, body);
  const { start = {}, types = null } = body;
  return {
    name: body.name,
    ...WHERE[body.kind](body),
    types: types === null ? null : [...new Set(types)],
    start: { position: start.position, time: momentOf('start.time', start.time) },
  };
};

/** Undefined: what the receiver knows the sender by stays as it is. */
const changedHeader = ({ bearer_token: token, header }: Change): Readonly<{ name: string | null; value: string | null }> | undefined => {
  if (header !== null) return headerOf({ ...(token !== undefined && { bearer_token: token }), ...(header !== undefined && { header }) });
  return token === undefined ? { name: null, value: null } : rejectFields({ header: 'means nothing beside a bearer_token' });
};

const changedHttp = (target: HttpTarget<string | null>, change: Change): OpenTarget => {
  const header = changedHeader(change);
  return { ...target, url: change.url ?? target.url ?? rejectFields({ url: 'must be given again: the one that is stored cannot be opened' }), header: header === undefined ? target.header : header.name };
};

const changedSyslog = (target: SyslogTarget, { host = target.host, port = target.port, transport = target.transport }: Change): OpenTarget => ({ ...target, host, port, transport });

const changedFile = (target: FileTarget, { rotate_bytes: rotateBytes = target.rotateBytes, keep_files: keepFiles = target.keepFiles }: Change): OpenTarget => ({
  ...target, rotateBytes, keepFiles,
});

const changedTarget = (target: SeenTarget, change: Change): OpenTarget => {
  switch (target.kind) {
    case 'ocsf-http':
      return changedHttp(target, change);
    case 'cef-syslog':
      return changedSyslog(target, change);
    case 'ndjson-file':
      return changedFile(target, change);
    default:
      return { ...target, topic: change.topic === undefined ? target.topic : topicOf(change.topic) };
  }
};

/** `target`: that of the sink, as far as it can be opened. Rejects with `request.invalid` {fields} what means nothing for its kind. */
export const changedSink = (target: SeenTarget, change: Change): ChangedSink => {
  refuseStray(target.kind, change);
  const { name, types } = change;
  const header = changedHeader(change);
  const isMoved = OF_SOME.some((member) => change[member] !== undefined);
  return {
    ...(name !== undefined && { name }),
    ...(types !== undefined && { types: types === null ? null : [...new Set(types)] }),
    ...(isMoved && { target: changedTarget(target, change) }),
    ...(header !== undefined && { secret: header.value }),
  };
};

const NOWHERE = { url: null, header: null, host: null, port: null, transport: null, rotate_bytes: null, keep_files: null, topic: null } as const;

const showTarget = (target: SeenTarget) => {
  switch (target.kind) {
    case 'ocsf-http':
      return { ...NOWHERE, url: target.url, header: target.header };
    case 'cef-syslog':
      return { ...NOWHERE, host: target.host, port: target.port, transport: target.transport };
    case 'ndjson-file':
      return { ...NOWHERE, rotate_bytes: target.rotateBytes, keep_files: target.keepFiles };
    default:
      return { ...NOWHERE, topic: target.topic };
  }
};

const showTrouble = ({ reason, status, since, lastAt, attempts, nextAt }: SinkTrouble) => ({ reason, status, since, last_at: lastAt, attempts, next_at: nextAt });

/** `lag`: seconds; null: it cannot be told. */
export type SinkDoing = SinkStatus & Readonly<{ position: Position | undefined; head: Position | undefined; lag: number | null }>;

const statusOf = ({ paused }: SiemSink, { readable }: Revealed, { trouble }: SinkStatus): 'active' | 'failing' | 'paused' => {
  if (paused) return 'paused';
  return trouble === null && readable ? 'active' : 'failing';
};

export const showSink = (sink: SiemSink, revealed: Revealed, doing: SinkDoing): Static<typeof SinkReply> => ({
  id: sink.sinkId,
  name: sink.name,
  kind: sink.target.kind,
  ...showTarget(revealed.target),
  types: sink.types === null ? null : [...sink.types],
  status: statusOf(sink, revealed, doing),
  problem: revealed.readable ? null : 'unreadable',
  position: doing.position ?? null,
  head: doing.head ?? null,
  lag: doing.lag,
  delivered: doing.delivered,
  last_delivered_at: doing.deliveredAt,
  skipped: doing.skipped,
  last_skipped: doing.lastSkipped === null ? null : { event_id: doing.lastSkipped.eventId, position: doing.lastSkipped.position, at: doing.lastSkipped.at },
  trouble: doing.trouble === null ? null : showTrouble(doing.trouble),
  created_at: sink.createdAt,
});
