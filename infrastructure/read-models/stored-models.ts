/** Which table holds which model now. Looked up once and kept, until a model is switched. */
import type { DatabaseSync } from 'node:sqlite';
import type { ReadModelDefinition } from '../../application/kernel/read-models.ts';
import { parseDeclaration, type Shape, shapeOf } from './shape.ts';

export type StoredModel = Readonly<{ definition: ReadModelDefinition; storage: number; table: string; shape: Shape }>;

export interface StoredModels {
  /** Throws when the model was never prepared: a mistake in the program. */
  get(definition: Pick<ReadModelDefinition, 'name' | 'version'>): StoredModel;
  forget(): void;
  versions(name: string): readonly ReadModelDefinition[];
  /** As a number; 0 when nothing was committed yet. */
  checkpoint(definition: ReadModelDefinition): number;
}

export const createStoredModels = (db: DatabaseSync): StoredModels => {
  const find = db.prepare(`SELECT models.storage, storages.name AS "table", indexes FROM models JOIN storages USING (storage)
    WHERE models.name = ? AND version = ?`);
  const all = db.prepare('SELECT version, indexes FROM models WHERE name = ? ORDER BY version');
  const place = db.prepare('SELECT checkpoint FROM models WHERE name = ? AND version = ?');
  const known = new Map<string, StoredModel>();
  return {
    get: ({ name, version }) => {
      const key = `${name} v${version}`;
      const hit = known.get(key);
      if (hit !== undefined) return hit;
      const row = find.get(name, version);
      if (row === undefined) throw new Error(`the read model ${key} was not prepared`);
      const declared = parseDeclaration(String(row['indexes']));
      const model: StoredModel = { definition: { name, version, ...declared }, storage: Number(row['storage']), table: String(row['table']), shape: shapeOf(declared) };
      known.set(key, model);
      return model;
    },
    forget: () => known.clear(),
    versions: (name) => all.all(name).map((row) => ({ name, version: Number(row['version']), ...parseDeclaration(String(row['indexes'])) })),
    checkpoint: ({ name, version }) => Number(place.get(name, version)?.['checkpoint'] ?? 0),
  };
};
