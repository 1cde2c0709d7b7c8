/** Folds a batch of events into documents. An event that a handler cannot take is reported and skipped; the others are applied. */
import type { Recorded } from '../../application/kernel/ports.ts';
import type { Change, DocumentKey } from '../../application/kernel/read-models.ts';
import type { Documents } from './documents.ts';
import type { AnyProjection } from './projection.ts';

/** Told of every event that was skipped because its projection threw. */
export type OnPoison = (projection: AnyProjection, recorded: Recorded, error: unknown) => void;

type Placed = Readonly<{ recorded: Recorded; key: DocumentKey }>;

const placed = (projection: AnyProjection, recorded: Recorded, onPoison: OnPoison): readonly Placed[] => {
  if (projection.on[recorded.type] === undefined) return [];
  try {
    const id = projection.id(recorded);
    return id === undefined ? [] : [{ recorded, key: { tenant: projection.tenant?.(recorded) ?? recorded.tenant, id } }];
  } catch (error) {
    onPoison(projection, recorded, error);
    return [];
  }
};

const apply = (projection: AnyProjection, documents: Documents, { recorded, key }: Placed): void => {
  const known = documents.get(key);
  // What a document includes already is not applied again.
  if (known.position >= recorded.position) return;
  const next = projection.on[recorded.type]?.(known.document, recorded);
  if (next !== known.document) documents.put(key, next, recorded.position);
};

export const fold = async (projection: AnyProjection, documents: Documents, events: readonly Recorded[], onPoison: OnPoison): Promise<readonly Change[]> => {
  const wanted = events.flatMap((recorded) => placed(projection, recorded, onPoison));
  await documents.fetch(wanted.map(({ key }) => key));
  for (const event of wanted) {
    try {
      apply(projection, documents, event);
    } catch (error) {
      onPoison(projection, event.recorded, error);
    }
  }
  return documents.changes();
};
