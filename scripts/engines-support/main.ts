/** The command line of `scripts/engines`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Engine } from './engine.ts';
import { engines, start, stop, usualFolder } from './running.ts';
import { MissingTool } from './toolchain.ts';

const USAGE = `scripts/engines start [kafka] [ferretdb] [--dir D]   starts them (both by default) and prints what to evaluate: eval "$(scripts/engines start)"
scripts/engines stop [kafka] [ferretdb] [--dir D]    ends them and removes their data
scripts/engines run [kafka] [ferretdb] -- COMMAND …  runs a command with both of its own, and ends with its code

--dir names the folder of their data, logs and process ids. A missing program: code 3.`;

class UsageError extends Error {}

const chosen = (names: readonly string[]): readonly Engine[] => {
  const unknown = names.find((name) => !engines.some((engine) => engine.name === name));
  if (unknown !== undefined) throw new UsageError(`no such engine: ${unknown}`);
  return engines.filter(({ name }) => names.length === 0 || names.includes(name));
};

/** Nobody's engines are left behind when one of them does not start. */
const startAll = async (asked: readonly Engine[], dir: string): Promise<Readonly<Record<string, string>>> => {
  const started = await Promise.allSettled(asked.map(async (engine) => [engine.variable, await start(engine, dir)] as const));
  const failed = started.find((one) => one.status === 'rejected');
  if (failed === undefined) return Object.fromEntries(started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])));
  for (const engine of asked) await stop(engine, dir);
  throw failed.reason;
};

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const codeOfSignal = (signal: NodeJS.Signals): number => 128 + constants.signals[signal];

const runCommand = async ([program = '', ...args]: readonly string[], variables: Readonly<Record<string, string>>): Promise<number> => {
  const child = spawn(program, args, { stdio: 'inherit', env: { ...process.env, ...variables } });
  for (const signal of SIGNALS) process.on(signal, () => child.kill(signal));
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return code ?? codeOfSignal(signal ?? 'SIGKILL');
};

const run = async (asked: readonly Engine[], command: readonly string[]): Promise<number> => {
  if (command.length === 0) throw new UsageError('run what? The command stands after --');
  const dir = mkdtempSync(join(tmpdir(), 'chancery-engines-'));
  let told: NodeJS.Signals | undefined;
  // Whoever ends this program early must not leave the engines behind.
  for (const signal of SIGNALS) process.on(signal, () => { told = signal; });
  try {
    const variables = await startAll(asked, dir);
    return told === undefined ? await runCommand(command, variables) : codeOfSignal(told);
  } finally {
    for (const engine of asked) await stop(engine, dir);
  }
};

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

const COMMANDS: Readonly<Record<string, (asked: readonly Engine[], dir: string, command: readonly string[]) => Promise<number>>> = {
  start: async (asked, dir) => {
    const variables = await startAll(asked, dir);
    for (const [name, value] of Object.entries(variables)) console.log(`export ${name}=${quoted(value)}`);
    return 0;
  },
  stop: async (asked, dir) => {
    for (const engine of asked) await stop(engine, dir);
    return 0;
  },
  run: (asked, _dir, command) => run(asked, command),
  help: async () => {
    console.log(USAGE);
    return 0;
  },
};

const main = async (args: readonly string[]): Promise<number> => {
  const end = args.indexOf('--');
  const own = end === -1 ? args : args.slice(0, end);
  const { values, positionals: [name = '', ...names] } = parseArgs({ args: [...own], options: { dir: { type: 'string' } }, allowPositionals: true });
  const command = COMMANDS[name];
  if (command === undefined) throw new UsageError(`start, stop, run or help?\n${USAGE}`);
  return command(chosen(names), resolve(values.dir ?? usualFolder()), end === -1 ? [] : args.slice(end + 1));
};

const codeOf = (error: unknown): number => {
  if (error instanceof MissingTool) return 3;
  return error instanceof UsageError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS') === true ? 2 : 1;
};

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const { message } = error as Error;
  console.error(`scripts/engines: ${error instanceof MissingTool ? 'missing: ' : ''}${message}`);
  process.exitCode = codeOf(error);
}
