/**
 * CEF over syslog, by TCP (RFC 6587) or TLS (RFC 5425). Syslog acknowledges nothing: what a connection had buffered when it broke is lost, and its sender
 * does not know. So each batch has a connection of its own, which is closed for writing after the last octet; a receiver that closes its side
 * in turn has read up to the end. Only then the batch counts as taken.
 */
import type { Socket } from 'node:net';
import type { SyslogTarget } from '../../domain/delivery/siem-sink.events.ts';
import { sinkFailed, type SinkTransport } from '../../application/delivery/siem-ports.ts';
import type { Outbound } from '../web/outbound.ts';
import { outboundFailure } from './ocsf-http.ts';
import { syslogFrame } from './syslog-frame.ts';

const CONNECT_MS = 10_000;
/** For sending a batch, and for the receiver to close its side. */
const TAKING_MS = 15_000;

/** Resolves when everything was written and the other side has ended, too. */
const written = (socket: Socket, octets: Buffer, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, refuse) => {
    let sent = false;
    let failure = sinkFailed({ reason: 'unreachable' });
    const cut = (): void => { socket.destroy(); };
    const timer = setTimeout(() => { failure = sinkFailed({ reason: 'timeout' }); cut(); }, TAKING_MS);
    signal.addEventListener('abort', cut, { once: true });
    let ended = false;
    socket.on('end', () => { ended = true; });
    socket.on('error', () => { ended = false; });
    socket.once('close', (hadError: boolean) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', cut);
      if (sent && ended && !hadError) resolve();
      else refuse(failure);
    });
    // Read to see its end; a syslog receiver has nothing to say.
    socket.resume();
    socket.end(octets, () => { sent = true; });
    if (signal.aborted) cut();
  });

export const createSyslogTransport = (outbound: Pick<Outbound, 'connect'>, hostname: string, { host, port, transport }: SyslogTarget): SinkTransport => ({
  send: async (records, signal) => {
    const octets = Buffer.concat(records.map((record) => syslogFrame(record, hostname)));
    const socket = await outbound
      .connect({ host, port, secure: transport === 'tls', timeoutMs: CONNECT_MS, signal })
      .catch((error: unknown) => { throw outboundFailure(error); });
    await written(socket, octets, signal);
  },
  close: () => Promise.resolve(),
});
