/** SIEM sinks between the wire and the domain. */
import type { Static } from 'typebox';
import type { WantedSink } from '../../application/delivery/siem-sinks.ts';
import type { SinkStatus, SinkTrouble } from '../../application/delivery/siem-status.ts';
import type { SinkKind, SinkTarget } from '../../domain/delivery/siem-sink.events.ts';
import type { SiemSink } from '../../domain/delivery/siem-sinks.ts';
import type { Position } from '../../domain/kernel/ids.ts';
import { rejectFields } from '../../domain/kernel/rejection.ts';
import { USUAL_KEPT_FILES, USUAL_ROTATE_BYTES, type CreateSinkBody, type SinkReply } from './siem-schemas.ts';
import { momentOf } from './webhook-shapes.ts';

type Body = Static<typeof CreateSinkBody>;

/** What belongs to a kind; whatever else is given means nothing there. */
const MEMBERS: Readonly<Record<SinkKind, readonly (keyof Body)[]>> = {
  'ocsf-http': ['url', 'bearer_token', 'header'],
  'cef-syslog': ['host', 'port', 'transport'],
  'ndjson-file': ['rotate_bytes', 'keep_files'],
  bus: ['topic'],
};
const OF_SOME = Object.values(MEMBERS).flat();

const required = <Value>(field: string, kind: SinkKind, value: Value | undefined): Value => value ?? rejectFields({ [field]: `is required for ${kind}` });

/** What the message itself says; a sink does not say it otherwise. */
const NOT_SETTABLE: ReadonlySet<string> = new Set(['host', 'connection', 'content-length', 'content-type', 'content-encoding', 'transfer-encoding', 'te', 'trailer', 'upgrade', 'expect', 'keep-alive', 'user-agent']);

const headerOf = ({ bearer_token: token, header }: Body): Readonly<{ name: string; value: string }> | undefined => {
  if (token !== undefined && header !== undefined) return rejectFields({ header: 'means nothing beside a bearer_token' });
  if (header !== undefined && NOT_SETTABLE.has(header.name.toLowerCase())) return rejectFields({ 'header.name': 'names a header that is not to be set' });
  return token === undefined ? header : { name: 'Authorization', value: `Bearer ${token}` };
};

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
  bus: ({ kind, topic }) => ({ target: { kind: 'bus', topic: required('topic', kind, topic) }, secret: null }),
};

/** Rejects with `request.invalid` {fields} what is missing, or means nothing, for the kind. */
export const wantedSink = (body: Body): WantedSink => {
  const stray = OF_SOME.find((member) => body[member] !== undefined && !MEMBERS[body.kind].includes(member));
  if (stray !== undefined) rejectFields({ [stray]: `means nothing for ${body.kind}` });
  const { start = {}, types = null } = body;
  return {
    name: body.name,
    ...WHERE[body.kind](body),
    types: types === null ? null : [...new Set(types)],
    start: { position: start.position, time: momentOf('start.time', start.time) },
  };
};

const NOWHERE = { url: null, header: null, host: null, port: null, transport: null, rotate_bytes: null, keep_files: null, topic: null } as const;

const showTarget = (target: SinkTarget) => {
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

export type SinkDoing = SinkStatus & Readonly<{ position: Position | undefined; head: Position | undefined }>;

const lagOf = ({ position = '0', head = '0' }: Readonly<{ position?: string | undefined; head?: string | undefined }>): number => Math.max(0, Number(BigInt(head) - BigInt(position)));

const statusOf = ({ paused }: SiemSink, { trouble }: SinkStatus): 'active' | 'failing' | 'paused' => {
  if (paused) return 'paused';
  return trouble === null ? 'active' : 'failing';
};

export const showSink = (sink: SiemSink, doing: SinkDoing): Static<typeof SinkReply> => ({
  id: sink.sinkId,
  name: sink.name,
  kind: sink.target.kind,
  ...showTarget(sink.target),
  types: sink.types === null ? null : [...sink.types],
  status: statusOf(sink, doing),
  position: doing.position ?? null,
  head: doing.head ?? null,
  lag: lagOf(doing),
  delivered: doing.delivered,
  last_delivered_at: doing.deliveredAt,
  trouble: doing.trouble === null ? null : showTrouble(doing.trouble),
  created_at: sink.createdAt,
});
