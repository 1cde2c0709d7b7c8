/**
 * How long tests may take is measured on the embedded engines. On others the same test asks over sockets, and shares the processors with the servers
 * that it asks: it has more time, whatever its suite says.
 */
import type { Context } from 'mocha';

const ELSEWHERE_MS = 120_000;

export const mochaHooks =
  (process.env['TEST_ENGINES'] ?? '') === ''
    ? {}
    : {
        beforeEach(this: Context): void {
          const test = this.currentTest;
          if (test !== undefined && test.timeout() > 0) test.timeout(Math.max(test.timeout(), ELSEWHERE_MS));
        },
      };
