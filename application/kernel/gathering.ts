/** Work on the same key in groups, one after another: what arrives while a group is at work makes up the next one. */

/** Does the work of a group; every one of them is told for itself, so it never rejects. */
export type WorkTogether<Item> = (key: string, group: readonly Item[]) => Promise<void>;

export type GatheringOptions<Item> = Readonly<{
  work: WorkTogether<Item>;
  /** Whether an item may be in a group with others; one that may not is a group of its own. */
  sociable: (item: Item) => boolean;
  most: number;
}>;

/** The group at the head of a line, in the order of arrival. */
const takeGroup = <Item>(line: Item[], { sociable, most }: GatheringOptions<Item>): readonly Item[] => {
  const alone = line.findIndex((item) => !sociable(item));
  const together = alone < 0 ? line.length : Math.max(1, alone);
  return line.splice(0, Math.min(most, together));
};

/** Hands an item over; different keys are worked on side by side. */
export const createGathering = <Item>(options: GatheringOptions<Item>): ((key: string, item: Item) => void) => {
  const lines = new Map<string, Item[]>();
  const drain = async (key: string, line: Item[]): Promise<void> => {
    while (line.length > 0) await options.work(key, takeGroup(line, options));
    lines.delete(key);
  };
  return (key, item) => {
    const line = lines.get(key);
    if (line !== undefined) {
      line.push(item);
      return;
    }
    const begun = [item];
    lines.set(key, begun);
    void drain(key, begun);
  };
};
