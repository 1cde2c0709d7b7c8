/** How questions are asked: always of one tenant, and never of a model that lacks the tenant's own newest write. */
import type { TenantId } from '../../domain/kernel/ids.ts';
import type { ReadModel, ReadModelDefinition, ReadModelStore } from '../../application/kernel/read-models.ts';
import type { Freshness } from './freshness.ts';

export interface Reader {
  /** Waits (bounded) until the model includes the tenant's newest write; rejects with `storage.behind` when it does not in time. */
  open<Document extends object>(tenant: TenantId, definition: ReadModelDefinition): Promise<ReadModel<Document>>;
  /** The version of a model that is being served, for questions that cannot wait: their model may lack the newest writes. */
  serving(definition: ReadModelDefinition): ReadModelDefinition;
}

/** `current` gives the version of a model that is being served: the newest one that has caught up. */
export const createReader = (
  store: ReadModelStore,
  freshness: Freshness,
  current: (definition: ReadModelDefinition) => ReadModelDefinition = (definition) => definition,
): Reader => ({
  open: async <Document extends object>(tenant: TenantId, definition: ReadModelDefinition) => {
    await freshness.settled(definition.name, tenant);
    return store.open<Document>(tenant, current(definition));
  },
  serving: current,
});
