/** The ports of webhooks: what events are called outside, who calls receivers, and what signs. */
import type { Recorded } from '../kernel/ports.ts';

/** A CloudEvent (1.0) in its JSON form, with `timestamp` beside `time` for Standard Webhooks. */
export type PublicEvent = Readonly<{ specversion: '1.0'; id: string; source: string; type: string; time: string; data?: unknown; [attribute: string]: unknown }>;

/** The public vocabulary. */
export type PublicEvents = Readonly<{
  /** Every public type. */
  types: readonly string[];
  /** Pure. Undefined: the event stays inside. */
  toPublic: (recorded: Recorded) => PublicEvent | undefined;
}>;

export type WebhookCall = Readonly<{
  method: 'POST';
  url: string;
  headers: Readonly<Record<string, string>>;
  body: string;
  timeoutMs: number;
  maxBytes: number;
  /** For the answer's body, which says nothing. */
  bodyMs: number;
  signal?: AbortSignal;
}>;

/** The guarded way out. */
export interface WebhookDoor {
  /** Rejects with `outbound.forbidden` {reason}. */
  check(url: string): void;
  /** Rejects with `outbound.forbidden`, `outbound.timeout` or `outbound.unreachable`; any status is an answer. */
  request(call: WebhookCall): Promise<Readonly<{ status: number; headers: Readonly<Record<string, string | undefined>> }>>;
}

/** `secret`: 32 bytes, the HMAC key; `seed`: 32 bytes, the private key of RFC 8032. */
export type OpenWebhookKeys = Readonly<{ secret: Uint8Array; seed: Uint8Array }>;

/** `timestamp`: whole seconds since 1970. */
export type SignedMessage = Readonly<{ id: string; timestamp: number; body: string }>;

/** Standard Webhooks 1.0. */
export interface WebhookSignatures {
  make(): OpenWebhookKeys & Readonly<{ /** Raw, 32 bytes. */ publicKey: Uint8Array }>;
  /** The value of `webhook-signature`: `v1` (HMAC-SHA-256) and `v1a` (Ed25519) under each of the keys. */
  sign(keys: readonly OpenWebhookKeys[], message: SignedMessage): string;
}

/** Resolves after that many milliseconds, or at once when the signal fires. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>;
