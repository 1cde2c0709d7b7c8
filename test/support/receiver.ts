/** A receiver of webhooks on a free port of this machine: keeps what it is sent, and answers as it is told. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { closing } from './leavings.ts';

export type Received = Readonly<{ id: string; timestamp: number; path: string; headers: IncomingHttpHeaders; body: string; event: Readonly<{ id: string; type: string; time: string; data: Readonly<Record<string, unknown>>; [more: string]: unknown }> }>;

/** A status, with headers where there are some; or what else to do. `drip`: a success with a body that never ends. */
export type Reply = number | Readonly<{ status: number; headers: Readonly<Record<string, string>>; /** How long the receiver thinks it over, in milliseconds. */ afterMs?: number }> | 'reset' | 'hang' | 'drip';

export type Receiver = Readonly<{
  /** `host:port`, for OUTBOUND_ALLOW. */
  host: string;
  url: string;
  received: readonly Received[];
  /** Resolves when `enough` says so, asked after each call. */
  until: (enough: (received: readonly Received[]) => boolean) => Promise<void>;
  close: () => Promise<void>;
}>;

const answer = (response: ServerResponse, reply: Reply): void => {
  if (reply === 'hang') return;
  if (reply === 'drip') {
    response.writeHead(200).write('a');
    return;
  }
  if (reply === 'reset') {
    response.socket?.resetAndDestroy();
    return;
  }
  const { status, headers, afterMs = 0 } = typeof reply === 'number' ? { status: reply, headers: {} } : reply;
  if (afterMs === 0) response.writeHead(status, headers).end();
  else setTimeout(() => response.writeHead(status, headers).end(), afterMs);
};

export const startReceiver = async (reply: (received: Received) => Reply = () => 204): Promise<Receiver> => {
  const received: Received[] = [];
  const waiting = new Set<() => void>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('error', () => undefined).on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const call: Received = {
        id: String(request.headers['webhook-id']), timestamp: Number(request.headers['webhook-timestamp']), path: request.url ?? '', headers: request.headers, body,
        event: JSON.parse(body) as Received['event'],
      };
      const how = reply(call);
      received.push(call);
      answer(response, how);
      for (const look of waiting) look();
    });
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    url: `http://${host}/hook`,
    received,
    until: (enough) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!enough(received)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    close: closing(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => { server.close(resolve); });
    }),
  };
};

/** Whether the published library takes a call for one of whoever has the secret, at the time that the call itself says. */
export const verifies = (secret: string, { headers, body, timestamp }: Received): boolean => {
  const real = Date.now; // oxlint-disable-line no-restricted-properties -- the library asks the clock; the program under test has one of its own
  try {
    Date.now = () => timestamp * 1_000; // oxlint-disable-line no-restricted-properties
    new Webhook(secret).verify(body, headers as Record<string, string>);
    return true;
  } catch {
    return false;
  } finally {
    Date.now = real; // oxlint-disable-line no-restricted-properties
  }
};
