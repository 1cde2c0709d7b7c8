/**
 * What a read model forgets: documents that are over when something happens. They are removed as of that event, from what all events before it have
 * left, so that a replay forgets the same.
 */
import type { Recorded } from '../../application/kernel/ports.ts';
import type { DocumentKey, ReadModelStore } from '../../application/kernel/read-models.ts';
import type { Position, TenantId } from '../../domain/kernel/ids.ts';
import type { OnPoison } from './fold.ts';
import type { AnyProjection, Forgotten } from './projection.ts';

/** Events in their order. `forgotten`: what is over at the first of them. */
export type Stretch = Readonly<{ events: readonly Recorded[]; forgotten?: readonly Forgotten[] }>;

const forgottenAt = (projection: AnyProjection, recorded: Recorded, onPoison: OnPoison): readonly Forgotten[] | undefined => {
  try {
    return projection.forgets?.at(recorded);
  } catch (error) {
    onPoison(projection, recorded, error);
    return undefined;
  }
};

/** A page, cut before each event at which something is over; the first stretch may be empty. */
export const stretchesOf = (projection: AnyProjection, events: readonly Recorded[], onPoison: OnPoison): readonly [Stretch, ...Stretch[]] => {
  let current: Recorded[] = [];
  const stretches: [Stretch, ...Stretch[]] = [{ events: current }];
  for (const recorded of events) {
    const forgotten = forgottenAt(projection, recorded, onPoison);
    if (forgotten !== undefined) stretches.push({ events: (current = []), forgotten });
    current.push(recorded);
  }
  return stretches;
};

const REMOVED_AT_ONCE = 500;

/** The keys of what is over, in pieces. */
const piecesOf = async function* pieces(store: ReadModelStore, projection: AnyProjection, tenant: TenantId, forgotten: readonly Forgotten[]): AsyncIterable<readonly DocumentKey[]> {
  let keys: DocumentKey[] = [];
  for (const question of forgotten) {
    for await (const document of store.open<Readonly<Record<string, unknown>>>(tenant, projection).stream(question)) {
      keys.push({ tenant, id: projection.forgets?.idOf(document) ?? '' });
      if (keys.length < REMOVED_AT_ONCE) continue;
      yield keys;
      keys = [];
    }
  }
  if (keys.length > 0) yield keys;
};

/**
 * Removes what is over at an event; whether there was anything. The model stands right before the event, with everything stored, and its checkpoint
 * stays there: what is cut off is done again. What the event is about is not over. Rejects with `kernel.fenced` and `storage.*`.
 */
export const forget = async (store: ReadModelStore, projection: AnyProjection, { events: [first], forgotten = [] }: Stretch, checkpoint: Position): Promise<boolean> => {
  if (first === undefined) return false;
  const { tenant, position } = first;
  const own = projection.id(first);
  let removed = false;
  for await (const keys of piecesOf(store, projection, tenant, forgotten)) {
    const there = await store.load(projection, keys.filter(({ id }) => id !== own));
    // What includes this event, or a later one, has been through it already, with another runner or before a crash.
    const over = there.filter((one) => one.document !== undefined && one.position < position);
    if (over.length > 0) await store.commit(projection, over.map(({ id }) => ({ tenant, id, document: undefined, position })), checkpoint, checkpoint);
    removed ||= over.length > 0;
  }
  return removed;
};
