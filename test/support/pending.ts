/** Tests that need what may not be there: pending by name and with the reason, never silently left out. */
import { spawnSync } from 'node:child_process';
import type { Context } from 'mocha';

const known = new Map<string, boolean>();

const isInstalled = (tool: string): boolean => {
  const before = known.get(tool);
  if (before !== undefined) return before;
  const { error } = spawnSync(tool, ['--version'], { stdio: 'ignore', timeout: 10_000 });
  const installed = error === undefined;
  known.set(tool, installed);
  return installed;
};

/** Marks the running test (or the suite whose `before` calls this) as pending unless the program is on the PATH. */
export const requireTool = (context: Context, tool: string, where: string): void => {
  if (isInstalled(tool)) return;
  const test = context.currentTest ?? context.test;
  if (test !== undefined) test.title += ` (needs ${tool}: ${where})`;
  context.skip();
};
