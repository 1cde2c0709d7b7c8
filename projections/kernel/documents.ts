/** The documents that a batch of events touches: those used lately are kept, the others loaded together. */
import type { Change, DocumentKey, ReadModelDefinition, ReadModelStore } from '../../application/kernel/read-models.ts';
import { createRecent } from '../../application/kernel/recent.ts';
import type { Position } from '../../domain/kernel/ids.ts';

/** What is known of a document: also that there is none. */
export type Known = Readonly<{ document: object | undefined; position: Position | '' }>;

export interface Documents {
  /** Makes the documents of these keys known. */
  fetch(keys: readonly DocumentKey[]): Promise<void>;
  get(key: DocumentKey): Known;
  /** Remembered until the next `fetch` at least, and part of the next `changes`. */
  put(key: DocumentKey, document: object | undefined, position: Position): void;
  /** What was put since they were last taken. */
  changes(): readonly Change[];
  forget(): void;
}

const ABSENT: Known = { document: undefined, position: '' };

const cacheKey = ({ tenant, id }: DocumentKey): string => `${tenant} ${id}`;

/** `kept` must exceed the documents of two batches: one may still be on its way to the store while the next is folded. */
export const createDocuments = (store: ReadModelStore, definition: ReadModelDefinition, kept: number): Documents => {
  const cache = createRecent<string, Known>(kept);
  let changed = new Map<string, Change>();
  return {
    fetch: async (keys) => {
      const missing = new Map(keys.map((key) => [cacheKey(key), key] as const).filter(([name]) => cache.get(name) === undefined));
      if (missing.size === 0) return;
      for (const name of missing.keys()) cache.set(name, ABSENT);
      for (const { tenant, id, document, position } of await store.load(definition, [...missing.values()])) {
        cache.set(cacheKey({ tenant, id }), { document, position });
      }
    },
    get: (key) => cache.get(cacheKey(key)) ?? ABSENT,
    put: ({ tenant, id }, document, position) => {
      const name = cacheKey({ tenant, id });
      cache.set(name, { document, position });
      changed.set(name, { tenant, id, document, position });
    },
    changes: () => {
      const taken = [...changed.values()];
      changed = new Map();
      return taken;
    },
    forget: () => {
      cache.clear();
      changed = new Map();
    },
  };
};
