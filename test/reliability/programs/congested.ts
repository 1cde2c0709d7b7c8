/** Loaded before the program: the planted fault of promise 11, work for each write that grows with the square of the number of clients. */
import type { EventEmitter } from 'node:events';
import { Server, type IncomingMessage } from 'node:http';
import { isMainThread } from 'node:worker_threads';

/** A tenth of a millisecond for 32 clients, 16 for 400. */
const MS_FOR_EACH_PAIR = 0.0001;

if (isMainThread) {
  let clients = 0;
  // oxlint-disable-next-line typescript/unbound-method -- called with the server that it is asked of
  const { emit } = Server.prototype;
  Server.prototype.emit = function congested(this: Server, name: string | symbol, ...given: unknown[]): boolean {
    if (name === 'connection') {
      clients += 1;
      (given[0] as EventEmitter).once('close', () => { clients -= 1; });
    }
    if (name === 'request' && (given[0] as IncomingMessage).method === 'POST') {
      const until = performance.now() + clients ** 2 * MS_FOR_EACH_PAIR;
      while (performance.now() < until);
    }
    return emit.call(this, name, ...given);
  };
}
