/** Runs an outside program as a judge: its exit code, and all that it said. */
import { spawn } from 'node:child_process';

export type Verdict = Readonly<{ code: number; said: string }>;

const TIMEOUT_MS = 15_000;

/** The event loop goes on meanwhile, so that the program may ask a server of this process. */
export const runTool = async (tool: string, ...args: readonly string[]): Promise<Verdict> =>
  new Promise((resolve, refuse) => {
    const child = spawn(tool, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: TIMEOUT_MS });
    let said = '';
    for (const output of [child.stdout, child.stderr]) output.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.on('error', refuse);
    child.on('close', (code) => resolve({ code: code ?? -1, said }));
  });
