/** What a read model says, in one digest: equal for two models exactly when every document is the same. */
import { createHash } from 'node:crypto';
import type { ReadModelDefinition, ReadModelStore } from '../../application/kernel/read-models.ts';
import { canonicalJson } from './canonical-json.ts';

export type ModelDigest = Readonly<{ documents: number; /** SHA-256 in hex over the documents' canonical JSON, by tenant and id. */ sha256: string }>;

/** Reads the whole model in bounded pages. The positions that documents include are part of it. */
export const digestOf = async (store: ReadModelStore, definition: ReadModelDefinition): Promise<ModelDigest> => {
  const hash = createHash('sha256');
  let documents = 0;
  for await (const { tenant, id, position, document } of store.scan(definition)) {
    hash.update(`${canonicalJson({ tenant, id, position, document: document as Readonly<Record<string, never>> })}\n`);
    documents += 1;
  }
  return { documents, sha256: hash.digest('hex') };
};
