/** Directories that a test may fill as it likes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type TemporaryDirectory = Readonly<{ path: string; remove: () => void }>;

export const temporaryDirectory = (): TemporaryDirectory => {
  const path = mkdtempSync(join(tmpdir(), 'chancery-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
};
