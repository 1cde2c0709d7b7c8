/** FerretDB 1 on SQLite: a server of MongoDB's protocol that a Go module is enough for. It has no authentication and no transactions. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MongoClient } from 'mongodb';
import type { Engine } from './engine.ts';
import { build, findMade, make, type Recipe } from './toolchain.ts';

const binary: Recipe = {
  name: 'ferretdb',
  recipe: fileURLToPath(new URL('ferretdb', import.meta.url)),
  tools: ['go'],
  make: (folder) => build('go', ['build', '-o', 'ferretdb', '.'], folder),
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
