/** Redocly's linter over OpenAPI documents in memory. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

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
