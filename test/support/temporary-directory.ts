/** Directories that a test may fill as it likes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closing } from './leavings.ts';

export type TemporaryDirectory = Readonly<{ path: string; remove: () => void }>;

/** `parent`: where to make it, the system's place for such things by default. */
export const temporaryDirectory = (parent = tmpdir()): TemporaryDirectory => {
  const path = mkdtempSync(join(parent, 'chancery-test-'));
  return { path, remove: closing(() => rmSync(path, { recursive: true, force: true })) };
};
