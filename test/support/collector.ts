/** A collector of events over HTTP on loopback, which answers what it is told to. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { closing } from './leavings.ts';

export type CollectedEvent = Readonly<{ metadata: Readonly<{ uid: string }>; [member: string]: unknown }>;
export type Answer = Readonly<{ status: number; headers?: Readonly<Record<string, string>> }>;

const accept = (): Answer => ({ status: 204 });

export const startCollector = async () => {
  const batches: Readonly<{ headers: IncomingHttpHeaders; events: readonly CollectedEvent[] }>[] = [];
  let answer: (count: number) => Answer = accept;
  let count = 0;
  let chapter = 0;
  const heard = new Set<() => void>();
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await json(request);
    if (request.url?.split('/')[2] !== String(chapter)) {
      response.writeHead(204).end();
      return;
    }
    const { status, headers = {} } = answer((count += 1));
    if (status < 300) batches.push({ headers: request.headers, events: body as readonly CollectedEvent[] });
    response.writeHead(status, headers).end();
    for (const look of heard) look();
  };
  const server = createServer((request, response) => void take(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const events = (): readonly CollectedEvent[] => batches.flatMap((batch) => batch.events);
  return {
    port,
    get url(): string { return `http://127.0.0.1:${port}/ingest/${chapter}`; },
    /** Begins anew, under a URL of its own: what still arrives at earlier ones is taken and not heard of. */
    begin: (): void => {
      chapter += 1;
      answer = accept;
      batches.splice(0);
    },
    batches,
    events,
    asked: () => count,
    answers: (next: typeof answer): void => { answer = next; },
    /** Resolves when what it has taken, or was asked, is enough. */
    heardEnough: (isEnough: () => boolean): Promise<void> =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!isEnough()) return;
          heard.delete(look);
          resolve();
        };
        heard.add(look);
        look();
      }),
    close: closing(async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    }),
  };
};
