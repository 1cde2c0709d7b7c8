/** Loaded before the program: the planted fault of promise 11, work that grows with the number of requests that wait. */
import { Server } from 'node:http';
import { isMainThread } from 'node:worker_threads';

const MS_FOR_EACH = 0.04;

if (isMainThread) {
  let waiting = 0;
  // oxlint-disable-next-line typescript/unbound-method -- called with the server that it is asked of
  const { emit } = Server.prototype;
  Server.prototype.emit = function congested(this: Server, name: string | symbol, ...given: unknown[]): boolean {
    if (name !== 'request') return emit.call(this, name, ...given);
    waiting += 1;
    (given[1] as { once: (event: string, done: () => void) => void }).once('close', () => { waiting -= 1; });
    const until = performance.now() + waiting * MS_FOR_EACH;
    while (performance.now() < until);
    return emit.call(this, name, ...given);
  };
}
