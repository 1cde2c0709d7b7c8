/** A timestamp authority on loopback that answers when it is told to: who has asked it is in the signing step, whichever process signs. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { createTimestampAuthority } from '../../infrastructure/pki/timestamp-authority.ts';
import { systemClock } from '../../infrastructure/runtime/clock.ts';
import { closing } from './leavings.ts';
import { certified } from './signers.ts';

/** Long enough for one who should not be there to be seen beside the others. */
const STAMP_MS = 15;

export type HeldStamps = Readonly<{
  url: string;
  /** How many wait for their answer now. */
  inside: () => number;
  /** The most at the same time since it was held last. */
  most: () => number;
  /** Nobody is answered until `release`. */
  hold: () => void;
  release: () => void;
  close: () => Promise<void>;
}>;

export const startHeldStamps = async (): Promise<HeldStamps> => {
  const now = systemClock.now();
  const authority = createTimestampAuthority({ signer: await certified('timestamping', now, await certified('root', now)), clock: systemClock });
  const asking = new Set<ServerResponse>();
  let gate = Promise.withResolvers<void>();
  gate.resolve();
  let most = 0;

  const answer = async (message: IncomingMessage, reply: ServerResponse): Promise<void> => {
    const body = await buffer(message);
    asking.add(reply);
    most = Math.max(most, asking.size);
    // Who asked is gone, answered or not.
    reply.once('close', () => asking.delete(reply));
    const [stamp] = await Promise.all([authority.respond(body), gate.promise.then(() => delay(STAMP_MS))]);
    asking.delete(reply);
    if (!reply.destroyed) reply.writeHead(200, { 'content-type': 'application/timestamp-reply' }).end(stamp);
  };
  const server = createServer((message, reply) => void answer(message, reply).catch(() => reply.destroy()));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/tsa`,
    inside: () => asking.size,
    most: () => most,
    hold: () => {
      most = 0;
      gate = Promise.withResolvers<void>();
    },
    release: () => gate.resolve(),
    close: closing(() => new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    })),
  };
};
