/**
 * How many receivers are called at once, over all endpoints. Those whose last answer was none have places of their own: however many of them hang
 * until their time is up, the others do not wait for them.
 */
export interface Slots {
  /** A place as soon as one is free, first come first served; answers how to leave it. */
  enter(ailing: boolean): Promise<() => void>;
}

export type SlotCounts = Readonly<{ sound: number; ailing: number }>;

const createPlaces = (count: number) => {
  let free = count;
  const line: (() => void)[] = [];
  const leave = (): void => {
    const next = line.shift();
    if (next === undefined) free += 1;
    else next();
  };
  return async (): Promise<() => void> => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => { line.push(resolve); });
    return leave;
  };
};

export const createSlots = ({ sound, ailing }: SlotCounts = { sound: 32, ailing: 32 }): Slots => {
  const places = { sound: createPlaces(sound), ailing: createPlaces(ailing) };
  return { enter: (isAiling) => (isAiling ? places.ailing() : places.sound()) };
};
