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

/** Marks the running test (or the suite whose `before` calls this) as pending, with the reason in its title. */
export const skipWithReason = (context: Context, reason: string): never => {
  const test = context.currentTest ?? context.test;
  if (test !== undefined) test.title += ` (${reason})`;
  return context.skip();
};

/** Pending unless the program is on the PATH. */
export const requireTool = (context: Context, tool: string, where: string): void => {
  if (!isInstalled(tool)) skipWithReason(context, `needs ${tool}: ${where}`);
};

export type EngineVariable = 'EVENTSTORE_URL' | 'MONGO_URL' | 'KAFKA_BROKERS';

const WHERE: Readonly<Record<EngineVariable, string>> = {
  EVENTSTORE_URL: 'a running EventStoreDB',
  MONGO_URL: 'scripts/engines run -- npm test',
  KAFKA_BROKERS: 'scripts/engines run -- npm test',
};

/** A suite that runs against the engine which `variable` names; without it, one pending test. */
export const describeWithEngine = (title: string, variable: EngineVariable, suite: (address: string) => void): void => {
  const address = process.env[variable] ?? '';
  describe(title, () => (address === '' ? void it.skip(`needs ${variable}: ${WHERE[variable]}`) : suite(address)));
};
