/** FerretDB 1 on SQLite: a server of MongoDB's protocol that a Go module is enough for. It has no authentication and no transactions. */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MongoClient } from 'mongodb';
import type { Engine } from './engine.ts';
import { ask, build, findMade, make, type Recipe } from './toolchain.ts';

/**
 * FerretDB indexes `_id` by one expression and looks it up by another, which SQLite takes for a different one; and it looks it up only where a filter
 * says nothing else. Every look-up, and every compare-and-set, reads the whole table: what takes MongoDB the same time with ten documents and with
 * ten thousand comes to a stand. It is built as it is but for that. `changes`: the first of each in its file.
 */
type Mends = Readonly<{ module: string; changes: readonly Readonly<{ file: string; from: string; to: string }>[]; added: Readonly<Record<string, string>> }>;

/** Puts a copy of the module in its place, mended. */
const mend = (folder: string): string => {
  const { module, changes, added } = JSON.parse(readFileSync(join(folder, 'mends.json'), 'utf8')) as Mends;
  const copy = join(folder, 'module');
  // Where it has never been fetched, `go list` names no folder.
  build('go', ['mod', 'download', module], folder);
  cpSync(ask('go', ['list', '-m', '-f', '{{.Dir}}', module], folder), copy, { recursive: true });
  // What Go keeps is for reading only.
  build('chmod', ['-R', 'u+w', copy], folder);
  for (const { file, from, to } of changes) {
    const text = readFileSync(join(copy, file), 'utf8');
    if (!text.includes(from)) throw new Error(`${file} of ${module} is not the one that is known`);
    writeFileSync(join(copy, file), text.replace(from, () => to));
  }
  for (const [name, file] of Object.entries(added)) cpSync(join(folder, name), join(copy, file));
  build('go', ['mod', 'edit', `-replace=${module}=./module`], folder);
  return copy;
};

const binary: Recipe = {
  name: 'ferretdb',
  recipe: fileURLToPath(new URL('ferretdb', import.meta.url)),
  tools: ['go'],
  make: (folder) => {
    const copy = mend(folder);
    build('go', ['build', '-o', 'ferretdb', '.'], folder);
    rmSync(copy, { recursive: true });
  },
};

const PATIENCE_MS = 2_000;

export const ferretdb: Engine = {
  name: 'ferretdb',
  variable: 'MONGO_URL',
  portsNeeded: 1,
  isMade: () => findMade(binary) !== undefined,
  prepare: ({ folder }) => {
    make(binary);
    mkdirSync(join(folder, 'data'));
  },
  command: ({ folder, ports: [port] }) => ({
    program: join(make(binary), 'ferretdb'),
    args: ['-address', `127.0.0.1:${port}`, '-data', join(folder, 'data')],
  }),
  address: ({ ports: [port] }) => `mongodb://127.0.0.1:${port}/chancery`,
  ask: async (address) => {
    const client = new MongoClient(address, { serverSelectionTimeoutMS: PATIENCE_MS, connectTimeoutMS: PATIENCE_MS, socketTimeoutMS: PATIENCE_MS });
    try {
      await client.db('admin').command({ hello: 1 });
    } finally {
      await client.close();
    }
  },
};
