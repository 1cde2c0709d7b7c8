/** Integration events as CloudEvents 1.0 (JSON format), with `timestamp` besides, so that one body is a Standard Webhook's, too. */
import type { Actor, Recorded } from '../../application/kernel/ports.ts';
import { streamParts } from '../../domain/kernel/ids.ts';
import { integrationEvent } from './integration-events.ts';

/** The words of CloudEvents' auth context that are used here. */
export const AUTH_TYPES = ['user', 'service_account', 'api_key', 'system', 'unauthenticated'] as const;
export type AuthType = (typeof AUTH_TYPES)[number];

/** Attributes that are not CloudEvents' own are extensions; each is a string. */
export type CloudEvent = Readonly<{
  specversion: '1.0';
  /** The event's id: the same wherever and however often it is sent. */
  id: string;
  /** `/tenants/<tenant id>/<context>` */
  source: string;
  type: string;
  subject: string;
  /** RFC 3339, UTC. */
  time: string;
  datacontenttype: 'application/json';
  /** Where the JSON Schema of `data` is served. */
  dataschema: string;
  /** The position in the log, 20 digits: comparing strings orders events. */
  sequence: string;
  /** The request that led here. */
  correlationid: string;
  /** The event that led here. */
  causationid?: string;
  authtype: AuthType;
  /** The user or credential; absent for strangers. */
  authid?: string;
  /** The tenant's id. */
  tenant: string;
  /** As `time`: Standard Webhooks' name for it. */
  timestamp: string;
  data: object;
}>;

export const CLOUD_EVENT = 'application/cloudevents+json';

const AUTH: Readonly<Record<Actor['kind'], AuthType>> = {
  operator: 'service_account',
  person: 'user',
  credential: 'api_key',
  system: 'system',
  anonymous: 'unauthenticated',
};

export const authOf = ({ kind, id }: Actor): Pick<CloudEvent, 'authtype' | 'authid'> => ({
  authtype: AUTH[kind],
  ...(kind !== 'anonymous' && { authid: id }),
});

/** Where the JSON Schema of a public type's `data` is served. `publicUrl` is the base of absolute links, without a trailing slash. */
export const schemaUrl = (publicUrl: string, type: string): string => `${publicUrl}/platform/v1/event-schemas/${type}`;

/** Turns recorded events into CloudEvents; undefined for what stays inside. */
export const createCloudEvents =
  (publicUrl: string) =>
  (recorded: Recorded): CloudEvent | undefined => {
    const event = integrationEvent(recorded);
    if (event === undefined) return undefined;
    const { type, subject, data } = event;
    const { id, stream, tenant, time, position, cause } = recorded;
    const [context] = streamParts(stream).category.split('.');
    return {
      specversion: '1.0',
      id,
      source: `/tenants/${tenant}/${context}`,
      type,
      subject,
      time,
      datacontenttype: 'application/json',
      dataschema: schemaUrl(publicUrl, type),
      sequence: position,
      correlationid: cause.correlation,
      ...(cause.causation !== undefined && { causationid: cause.causation }),
      ...authOf(cause.actor),
      tenant,
      timestamp: time,
      data,
    };
  };

export type CloudEvents = ReturnType<typeof createCloudEvents>;
