/** The command line in this process: what a command says, and how it ends. */
import type { Io } from '../../api/cli/io.ts';
import { runCli } from '../../api/cli/program.ts';

export type Ran = Readonly<{ code: number; out: string; err: string }>;

/** `env` is all that the command sees of the environment. */
export const runCommand = async (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> => {
  const out: string[] = [];
  const err: string[] = [];
  const io: Io = { env, out: (text) => void out.push(text), err: (text) => void err.push(text), interactive: false };
  const code = await runCli(args, io);
  return { code, out: out.join('\n'), err: err.join('\n') };
};
