/** Waiting for what another process does, which tells nobody: looked for again and again, and for no longer than a bound. */
const LOOK_EVERY_MS = 20;
const PATIENCE_MS = 20_000;

/** Answers the first that `look` finds; rejects when there is none in time. */
export const until = async <Found>(what: string, look: () => Found | undefined | Promise<Found | undefined>): Promise<Found> => {
  const before = performance.now() + PATIENCE_MS;
  while (performance.now() < before) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise<void>((resolve) => { setTimeout(resolve, LOOK_EVERY_MS); });
  }
  throw new Error(`waited in vain for ${what}`);
};
