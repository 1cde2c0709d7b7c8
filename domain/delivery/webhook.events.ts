/**
 * The webhook endpoints of a tenant, all on one stream, so that their number can be limited. NOTE: a storage contract. Add fields, never change
 * or reuse one; a new meaning is a new event.
 */
import type { Message } from '../kernel/decider.ts';
import type { SealedSecret } from '../kernel/sealed.ts';
import type { SealedUrl } from './sealed-url.ts';

/** Media type of the bodies: `application/json` or `application/cloudevents+json`. */
export type WebhookFormat = 'json' | 'cloudevents';

/** What may be changed. `types`: public event types; null: all of them. */
export type WebhookSettings = Readonly<{ url: SealedUrl; types: readonly string[] | null; description: string | null; format: WebhookFormat }>;

/** One generation of what an endpoint's deliveries are signed with (Standard Webhooks 1.0: `v1` and `v1a`). */
export type WebhookKeys = Readonly<{
  /** The command that brought them: said twice, it is one generation. */
  keysId: string;
  /** 32 bytes: the HMAC key. */
  secret: SealedSecret;
  /** 32 bytes: the private key of RFC 8032 (Ed25519). */
  seed: SealedSecret;
  /** Of `seed`: raw, base64. */
  publicKey: string;
}>;

/** `startAfter`: the position that deliveries begin after; null: that of this event. `startTime`: what happened before is left out. Times are UTC, ISO 8601 with milliseconds. */
export type WebhookCreated = Message<
  'WebhookCreated',
  WebhookSettings & WebhookKeys & Readonly<{ webhookId: string; startAfter: string | null; startTime: string | null; createdAt: string }>
>;
export type WebhookChanged = Message<'WebhookChanged', WebhookSettings & Readonly<{ webhookId: string; changedAt: string }>>;
/** `previousUntil`: how long what signed before still signs beside the new; null: it does no more. */
export type WebhookSecretRotated = Message<'WebhookSecretRotated', WebhookKeys & Readonly<{ webhookId: string; previousUntil: string | null; rotatedAt: string }>>;
/** `gone`: the receiver answered 410. */
export type WebhookDisabled = Message<'WebhookDisabled', Readonly<{ webhookId: string; reason: 'gone' | 'asked'; disabledAt: string }>>;
/** Deliveries go on where they stopped. */
export type WebhookEnabled = Message<'WebhookEnabled', Readonly<{ webhookId: string; enabledAt: string }>>;
export type WebhookDeleted = Message<'WebhookDeleted', Readonly<{ webhookId: string; deletedAt: string }>>;

/** What happened after one position (null: from the beginning) and up to another, between two times where they are given, is delivered again. */
export type WebhookReplayRequested = Message<
  'WebhookReplayRequested',
  Readonly<{
    webhookId: string;
    replayId: string;
    after: string | null;
    upTo: string;
    since: string | null;
    until: string | null;
    /** Public event types; null: those of the endpoint. */
    types: readonly string[] | null;
    requestedAt: string;
  }>
>;
/** Everything of the replay has been taken up for delivery. */
export type WebhookReplayFinished = Message<'WebhookReplayFinished', Readonly<{ webhookId: string; replayId: string; finishedAt: string }>>;

export type WebhookEvent =
  | WebhookCreated
  | WebhookChanged
  | WebhookSecretRotated
  | WebhookDisabled
  | WebhookEnabled
  | WebhookDeleted
  | WebhookReplayRequested
  | WebhookReplayFinished;
