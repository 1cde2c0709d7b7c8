/** FerretDB 1 on SQLite: a server of MongoDB's protocol that a Go module is enough for. It has no authentication and no transactions. */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MongoClient } from 'mongodb';
import type { Engine } from './engine.ts';
import { ask, build, findMade, make, type Recipe } from './toolchain.ts';

/**
 * FerretDB indexes `_id` by one expression and looks it up by another, which SQLite takes for a different one: every look-up reads the whole
 * table. It is built as it is but for that.
 */
type ById = Readonly<{ module: string; file: string; lookedUp: string; indexed: string }>;

/** Puts a copy of the module in its place, changed by one expression. */
const mend = (folder: string): string => {
  const { module, file, lookedUp, indexed } = JSON.parse(readFileSync(join(folder, 'by-id.json'), 'utf8')) as ById;
  const copy = join(folder, 'module');
  cpSync(ask('go', ['list', '-m', '-f', '{{.Dir}}', module], folder), copy, { recursive: true });
  // What Go keeps is for reading only.
  build('chmod', ['-R', 'u+w', copy], folder);
  const text = readFileSync(join(copy, file), 'utf8');
  if (!text.includes(lookedUp)) throw new Error(`${file} of ${module} is not the one that is known`);
  writeFileSync(join(copy, file), text.replace(lookedUp, () => indexed));
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
