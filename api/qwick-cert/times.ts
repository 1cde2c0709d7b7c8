/** Times as this product's document writes and reads them. */
import { boundOf } from '../kernel/bounds.ts';

/** Whole seconds (`2026-03-01T12:00:00Z`), as API keys show their times; milliseconds since 1970 in. */
export const toSeconds = (at: number): string => new Date(at).toISOString().replace(/\.\d{3}Z$/u, 'Z');

const DAY_MS = 24 * 60 * 60 * 1000;

/** Whole days left, rounded down: negative once it has passed. */
export const daysUntil = (then: number, now: number): number => Math.floor((then - now) / DAY_MS);

/** An inclusive bound in UTC; rejects what is none, naming the field. */
export const parseBound = (name: 'date_from' | 'date_to', text: string): string => boundOf(name === 'date_to' ? 'to' : 'from', name, text);
