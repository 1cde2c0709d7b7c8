/** The catalogue rows of webhooks and their deliveries. */
import Type from 'typebox';
import type { DeliveryEvent } from '../../domain/delivery/delivery.events.ts';
import type { WebhookEvent } from '../../domain/delivery/webhook.events.ts';
import { defineEvents, v1, versions } from '../kernel/event-catalogue.ts';
import { POSITION } from '../kernel/positions.ts';

const strict = { additionalProperties: false } as const;
const Instant = Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$' });
const Id = Type.String({ minLength: 1, maxLength: 100 });
const Position = Type.String({ pattern: POSITION });
const PublicType = Type.String({ minLength: 1, maxLength: 200 });
const Types = Type.Union([Type.Array(PublicType, { maxItems: 500 }), Type.Null()]);
const SealedSecret = Type.Object({ tenantKey: Type.Integer(), box: Type.String() }, strict);
const orNull = <Schema extends Type.TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);

const ClearUrl = Type.String({ minLength: 1, maxLength: 2_048 });
const SealedUrl = Type.Union([SealedSecret, Type.Object({ clear: ClearUrl }, strict)]);

const settingsWith = <Url extends Type.TSchema>(url: Url) => ({
  url,
  types: Types,
  description: orNull(Type.String({ maxLength: 500 })),
  format: Type.Union([Type.Literal('json'), Type.Literal('cloudevents')]),
});
const keys = { keysId: Id, secret: SealedSecret, seed: SealedSecret, publicKey: Type.String({ minLength: 1, maxLength: 100 }) };

const of = { webhookId: Id, deliveryId: Type.String({ minLength: 1, maxLength: 200 }), eventId: Id, eventType: PublicType };
const place = { eventStream: Type.String({ minLength: 1 }), eventRevision: Type.Integer({ minimum: 0 }), eventPosition: Position };
const tried = {
  ...of,
  eventStream: orNull(place.eventStream),
  eventRevision: orNull(place.eventRevision),
  eventPosition: orNull(Position),
  attempt: Type.Integer({ minimum: 1 }),
  durationMs: Type.Integer({ minimum: 0 }),
};
const Status = Type.Integer({ minimum: 0, maximum: 999 });
const Reason = Type.Union([
  Type.Literal('status'), Type.Literal('redirect'), Type.Literal('gone'), Type.Literal('timeout'), Type.Literal('unreachable'), Type.Literal('forbidden'),
]);

const createdWith = <Url extends Type.TSchema>(url: Url) =>
  Type.Object({ webhookId: Id, ...settingsWith(url), ...keys, startAfter: orNull(Position), startTime: orNull(Instant), createdAt: Instant }, strict);
const changedWith = <Url extends Type.TSchema>(url: Url) => Type.Object({ webhookId: Id, ...settingsWith(url), changedAt: Instant }, strict);

/** Of version 1, where URLs stood in the clear. */
const withUrlApart = ({ url, ...rest }: Readonly<{ url: string }>): object => ({ ...rest, url: { clear: url } });

export const webhookEvents = defineEvents<WebhookEvent | DeliveryEvent>('delivery', {
  WebhookCreated: versions([[createdWith(ClearUrl), withUrlApart]], createdWith(SealedUrl)),
  WebhookChanged: versions([[changedWith(ClearUrl), withUrlApart]], changedWith(SealedUrl)),
  WebhookSecretRotated: v1(Type.Object({ webhookId: Id, ...keys, previousUntil: orNull(Instant), rotatedAt: Instant }, strict)),
  WebhookDisabled: v1(Type.Object({ webhookId: Id, reason: Type.Union([Type.Literal('gone'), Type.Literal('asked')]), disabledAt: Instant }, strict)),
  WebhookEnabled: v1(Type.Object({ webhookId: Id, enabledAt: Instant }, strict)),
  WebhookDeleted: v1(Type.Object({ webhookId: Id, deletedAt: Instant }, strict)),
  WebhookReplayRequested: v1(
    Type.Object({ webhookId: Id, replayId: Id, after: orNull(Position), upTo: Position, since: orNull(Instant), until: orNull(Instant), types: Types, requestedAt: Instant }, strict),
  ),
  WebhookReplayFinished: v1(Type.Object({ webhookId: Id, replayId: Id, finishedAt: Instant }, strict)),
  WebhookDelivered: v1(Type.Object({ ...tried, status: Status, deliveredAt: Instant }, strict)),
  WebhookAttemptFailed: v1(Type.Object({ ...tried, reason: Reason, status: orNull(Status), nextAt: orNull(Instant), failedAt: Instant }, strict)),
  WebhookDeadLettered: v1(Type.Object({ ...of, ...place, attempts: Type.Integer({ minimum: 1 }), deadAt: Instant }, strict)),
  WebhookRetryRequested: v1(Type.Object({ ...of, ...place, attempts: Type.Integer({ minimum: 0 }), requestedAt: Instant }, strict)),
});
