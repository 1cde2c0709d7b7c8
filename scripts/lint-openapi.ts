/** Lints the OpenAPI document of every surface with Redocly's recommended rules. Exit code 0 when all are clean. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { startProgram } from '../api/composition/program.ts';
import { servedSurfaces } from '../api/composition/surfaces.ts';
import { readConfig } from '../infrastructure/runtime/config.ts';

const require = createRequire(import.meta.url);
const REDOCLY = join(dirname(require.resolve('@redocly/cli/package.json')), 'bin', 'cli.js');

/** A surface of one's own need not speak of itself in the words that a published API would. */
const RULES = {
  extends: ['recommended'],
  rules: { 'info-contact': 'off', 'tag-description': 'off', 'operation-4xx-response': 'error', 'no-unused-components': 'off' },
};

export type LintResult = Readonly<{ name: string; ok: boolean; report: string }>;

/** One result for each document, by name. Runs offline: no telemetry, no look for updates. */
export const lintDocuments = (documents: Readonly<Record<string, object>>): readonly LintResult[] => {
  const folder = mkdtempSync(join(tmpdir(), 'chancery-openapi-'));
  const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };
  try {
    writeFileSync(join(folder, 'redocly.yaml'), JSON.stringify(RULES));
    return Object.entries(documents).map(([name, document]) => {
      const file = join(folder, `${name}.json`);
      writeFileSync(file, JSON.stringify(document));
      const { status, stdout, stderr } = spawnSync(process.execPath, [REDOCLY, 'lint', '--format=stylish', file], { cwd: folder, env, encoding: 'utf8' });
      return { name, ok: status === 0, report: `${stdout}${stderr}`.replaceAll(`${folder}/`, '') };
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** The documents as a running program serves them, by surface. */
export const servedDocuments = async (): Promise<Readonly<Record<string, object>>> => {
  const dataDir = mkdtempSync(join(tmpdir(), 'chancery-openapi-'));
  const config = readConfig({ DATA_DIR: dataDir, PORT: '0', LOG_LEVEL: 'silent' });
  const program = await startProgram({ config, onFatal: (error) => { throw error; } });
  try {
    const documents = servedSurfaces(program.container).map(async ({ name, mount }) => {
      const reply = await fetch(`${program.url}${mount}/openapi.json`);
      return [name, (await reply.json()) as object] as const;
    });
    return Object.fromEntries(await Promise.all(documents));
  } finally {
    await program.stop(0);
    rmSync(dataDir, { recursive: true, force: true });
  }
};

if (import.meta.main) {
  const results = lintDocuments(await servedDocuments());
  for (const { name, ok, report } of results) console.log(`${name}: ${ok ? 'ok' : 'FAILED'}\n${report}`);
  if (results.length === 0) console.error('there was nothing to lint');
  process.exitCode = results.length > 0 && results.every(({ ok }) => ok) ? 0 : 1;
}
