/** Loaded before the program: says on standard error, five times a second, for how many milliseconds at most the event loop was held meanwhile. */
import { isMainThread } from 'node:worker_threads';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const EVERY_MS = 200;

if (isMainThread) {
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  setInterval(() => {
    process.stderr.write(`held ${(delay.max / 1e6).toFixed(1)}\n`);
    delay.reset();
  }, EVERY_MS).unref();
}
