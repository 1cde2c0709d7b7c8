/** Waiting for what another process does, which tells nobody: looked for again and again, and for no longer than a bound. */
const LOOK_EVERY_MS = 20;
const PATIENCE_MS = 20_000;

/** Answers the first that `look` finds; rejects when there is none in time. */
export const until = async <Found>(what: string | (() => string), look: () => Found | undefined | Promise<Found | undefined>, patienceMs: number = PATIENCE_MS): Promise<Found> => {
  const before = performance.now() + patienceMs;
  while (performance.now() < before) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise<void>((resolve) => { setTimeout(resolve, LOOK_EVERY_MS); });
  }
  throw new Error(`waited in vain for ${typeof what === 'string' ? what : what()}`);
};
