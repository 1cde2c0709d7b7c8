/** What engines are made of: fetched and built once by the programs that this machine has, then kept in the user's cache folder. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** A program that is not on this machine, or is too old. */
export class MissingTool extends Error {}

const userCache = (): string => {
  const base = process.platform === 'darwin' ? join(homedir(), 'Library', 'Caches') : join(homedir(), '.cache');
  return join(process.env['XDG_CACHE_HOME'] ?? base, 'chancery', 'engines');
};

const isThere = (tool: string): boolean => spawnSync('sh', ['-c', `command -v ${tool}`], { stdio: 'ignore' }).status === 0;

/** Throws, naming all that are not there. */
export const requireTools = (...tools: readonly string[]): void => {
  const missing = tools.filter((tool) => !isThere(tool));
  if (missing.length > 0) throw new MissingTool(missing.join(', '));
};

/** Ten minutes, for a machine that has to fetch everything first. */
const PATIENCE_MS = 600_000;

/** Runs a tool to its end and answers what it said; throws with that when it fails. */
export const ask = (tool: string, args: readonly string[], cwd: string): string => {
  const { status, stdout, stderr, error } = spawnSync(tool, args, { cwd, encoding: 'utf8', timeout: PATIENCE_MS });
  if (status !== 0) throw new Error(`${tool} ${args[0] ?? ''} failed: ${error?.message ?? `${stdout}${stderr}`.trim().slice(-2_000)}`);
  return stdout.trim();
};

export const build = (...given: Parameters<typeof ask>): void => void ask(...given);

/** What is kept of an engine: made out of the files in `recipe`, and made anew when one of them changes. */
export type Recipe = Readonly<{ name: string; recipe: string; tools: readonly string[]; make: (folder: string) => void }>;

const folderOf = ({ name, recipe }: Recipe): string => {
  const hash = createHash('sha256');
  for (const file of readdirSync(recipe).toSorted()) hash.update(file).update('\0').update(readFileSync(join(recipe, file)));
  return join(userCache(), `${name}-${hash.digest('hex').slice(0, 12)}`);
};

/** Where it is kept; undefined when it was never made. */
export const findMade = (recipe: Recipe): string | undefined => {
  const folder = folderOf(recipe);
  return existsSync(folder) ? folder : undefined;
};

/** Makes it unless it is kept already. Two at once both make it, and the first to end is kept. */
export const make = (recipe: Recipe): string => {
  const folder = folderOf(recipe);
  if (existsSync(folder)) return folder;
  requireTools(...recipe.tools);
  process.stderr.write(`making ${recipe.name}, once\n`);
  mkdirSync(userCache(), { recursive: true, mode: 0o700 });
  const making = mkdtempSync(join(userCache(), `.${recipe.name}-`));
  try {
    cpSync(recipe.recipe, making, { recursive: true });
    recipe.make(making);
    if (!existsSync(folder)) renameSync(making, folder);
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
  return folder;
};
