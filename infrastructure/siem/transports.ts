/** The way to a sink's receiver, by its kind. */
import { join } from 'node:path';
import { sinkFailed, type OpenTransport, type SinkRecord, type SinkTransport } from '../../application/delivery/siem-ports.ts';
import type { Bus } from '../../application/kernel/bus.ts';
import type { BusTarget } from '../../domain/delivery/siem-sink.events.ts';
import type { Outbound } from '../web/outbound.ts';
import { createSyslogTransport } from './cef-syslog.ts';
import { createFileTransport } from './ndjson-file.ts';
import { createHttpTransport } from './ocsf-http.ts';

export type TransportDeps = Readonly<{
  outbound: Pick<Outbound, 'request' | 'connect'>;
  bus: Pick<Bus, 'publish'>;
  /** Where files go: a directory for each sink. */
  directory: string;
  /** HOSTNAME of RFC 5424. */
  hostname: string;
  now: () => number;
}>;

/** Messages of a tenant stay in order. */
const createBusTransport = (bus: Pick<Bus, 'publish'>, { topic }: BusTarget): SinkTransport => ({
  send: async (records: readonly SinkRecord[]) => {
    try {
      await bus.publish(records.map(({ id, tenant, body }) => ({ topic, key: tenant, id, body })));
    } catch {
      throw sinkFailed({ reason: 'storage' });
    }
  },
  close: () => Promise.resolve(),
});

/** Sink ids are UUIDs: they lead nowhere else. */
export const createTransports =
  ({ outbound, bus, directory, hostname, now }: TransportDeps): OpenTransport =>
  ({ sinkId, target, secret }) => {
    switch (target.kind) {
      case 'ocsf-http':
        return createHttpTransport(outbound, now, target, { secret });
      case 'cef-syslog':
        return createSyslogTransport(outbound, hostname, target);
      case 'ndjson-file':
        return createFileTransport(join(directory, sinkId), target);
      default:
        return createBusTransport(bus, target);
    }
  };
