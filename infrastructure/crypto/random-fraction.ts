/** Chance for what must not happen to many at once. */
import { randomInt } from 'node:crypto';

const STEPS = 2 ** 32;

/** From 0 up to, not including, 1. */
export const randomFraction = (): number => randomInt(STEPS) / STEPS;
