/** Published test vectors, kept under test/vectors with their licences. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const vector = (path: string): Buffer => readFileSync(join(import.meta.dirname, '../vectors', path));
