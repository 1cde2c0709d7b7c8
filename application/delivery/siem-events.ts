/** The catalogue rows of SIEM sinks. */
import Type from 'typebox';
import type { SiemSinkEvent, SinkTarget } from '../../domain/delivery/siem-sink.events.ts';
import { defineEvents, v1, versions } from '../kernel/event-catalogue.ts';
import { POSITION } from '../kernel/positions.ts';

const strict = { additionalProperties: false } as const;
const Instant = Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$' });
const Id = Type.String({ minLength: 1, maxLength: 100 });
const Text = Type.String({ minLength: 1, maxLength: 200 });
const SealedSecret = Type.Object({ tenantKey: Type.Integer(), box: Type.String() }, strict);
const orNull = <Schema extends Type.TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);

const ClearUrl = Type.String({ minLength: 1, maxLength: 2_048 });
const SealedUrl = Type.Union([SealedSecret, Type.Object({ clear: ClearUrl }, strict)]);

const others = [
  Type.Object(
    {
      kind: Type.Literal('cef-syslog'),
      host: Type.String({ minLength: 1, maxLength: 300 }),
      port: Type.Integer({ minimum: 1, maximum: 65_535 }),
      transport: Type.Union([Type.Literal('tcp'), Type.Literal('tls')]),
    },
    strict,
  ),
  Type.Object({ kind: Type.Literal('ndjson-file'), rotateBytes: Type.Integer({ minimum: 1 }), keepFiles: Type.Integer({ minimum: 1 }) }, strict),
  Type.Object({ kind: Type.Literal('bus'), topic: Text }, strict),
] as const;
const targetWith = <Url extends Type.TSchema>(url: Url) => Type.Union([Type.Object({ kind: Type.Literal('ocsf-http'), url, header: orNull(Text) }, strict), ...others]);

const settingsWith = <Url extends Type.TSchema>(url: Url) => ({
  name: Text,
  target: targetWith(url),
  types: orNull(Type.Array(Text, { maxItems: 500 })),
  secret: orNull(SealedSecret),
});

const createdWith = <Url extends Type.TSchema>(url: Url) =>
  Type.Object({ sinkId: Id, ...settingsWith(url), startAfter: orNull(Type.String({ pattern: POSITION })), startTime: orNull(Instant), createdAt: Instant }, strict);

type Old = Readonly<{ target: SinkTarget<string> }>;

/** Of version 1, where URLs stood in the clear. */
const withUrlApart = ({ target, ...rest }: Old): object => ({ ...rest, target: target.kind === 'ocsf-http' ? { ...target, url: { clear: target.url } } : target });

export const siemSinkEvents = defineEvents<SiemSinkEvent>('delivery', {
  SiemSinkCreated: versions([[createdWith(ClearUrl), withUrlApart]], createdWith(SealedUrl)),
  SiemSinkChanged: v1(Type.Object({ sinkId: Id, ...settingsWith(SealedUrl), changedAt: Instant }, strict)),
  SiemSinkPaused: v1(Type.Object({ sinkId: Id, pausedAt: Instant }, strict)),
  SiemSinkResumed: v1(Type.Object({ sinkId: Id, resumedAt: Instant }, strict)),
  SiemSinkDeleted: v1(Type.Object({ sinkId: Id, deletedAt: Instant }, strict)),
});
