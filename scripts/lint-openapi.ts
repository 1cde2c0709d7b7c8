/** Lints the OpenAPI document of every surface with Redocly's recommended rules. Exit code 0 when all are clean. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startProgram } from '../api/composition/program.ts';
import { servedSurfaces } from '../api/composition/surfaces.ts';
import { readConfig } from '../infrastructure/runtime/config.ts';
import { lintDocuments } from './lint-documents.ts';

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
