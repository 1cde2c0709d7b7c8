/**
 * Whatever is in flight: things that come and go, thousands in a second. Not a `Set`, whose outgrown tables point to the next ones: once the
 * collector has moved one of them to the old generation, everything that was ever in those after it is kept, and copied, until that generation is
 * collected as well.
 */
type Place<Item> = { readonly item: Item; at: number };

export interface InFlight<Item> {
  /** Answers how it ends, which does nothing the second time. */
  begin(item: Item): () => void;
  /** In no order. Whoever ends meanwhile is left out. */
  each(visit: (item: Item) => void): void;
}

const GONE = -1;

export const createInFlight = <Item>(): InFlight<Item> => {
  const places: Place<Item>[] = [];
  const end = (place: Place<Item>): void => {
    const last = places.at(-1);
    if (place.at === GONE || last === undefined) return;
    places[place.at] = last;
    last.at = place.at;
    place.at = GONE;
    places.pop();
  };
  return {
    begin: (item) => {
      const place = { item, at: places.length };
      places.push(place);
      return () => end(place);
    },
    each: (visit) => {
      for (const place of places.slice()) if (place.at !== GONE) visit(place.item);
    },
  };
};
