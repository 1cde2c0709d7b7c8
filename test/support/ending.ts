/**
 * Ends every run of the tests. What failed tests have left is closed; where something keeps the process all the same, it is named, and
 * ended with its children. A run that leaves something fails, whatever its tests said.
 */
import { ChildProcess } from 'node:child_process';
import { closeLeavings } from './leavings.ts';

/** How long the process may take to end by itself once all tests are over. */
const PATIENCE_MS = Number(process.env['TEST_PATIENCE_MS'] ?? 10_000);

/** Node.js has no documented way to the handles themselves, and without it children would outlive the run. */
const handles = (): readonly unknown[] => (process as unknown as { _getActiveHandles?: () => readonly unknown[] })._getActiveHandles?.() ?? [];

const endChildren = (): void => {
  for (const handle of handles()) if (handle instanceof ChildProcess) handle.kill('SIGKILL');
};

const end = (): void => {
  process.stderr.write(`\nThe tests are over, and something they opened is not: ${process.getActiveResourcesInfo().join(', ')}. Ended.\n`);
  endChildren();
  // After mocha's own listener, which says how many tests failed.
  process.once('exit', () => { process.exitCode = Number(process.exitCode ?? 0) || 1; });
  process.exit();
};

export const mochaHooks = {
  afterAll: async (): Promise<void> => {
    await closeLeavings();
    // It does not keep the process itself.
    setTimeout(end, PATIENCE_MS).unref();
  },
};
