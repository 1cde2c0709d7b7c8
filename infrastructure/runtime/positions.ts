/** Positions as the rest of the program sees them: 20 decimal digits, so that comparing strings compares numbers. */
import type { Position } from '../../domain/kernel/ids.ts';

const DIGITS = 20;

export const toPosition = (number: number): Position => String(number).padStart(DIGITS, '0') as Position;

/** 0 stands before the first event. */
export const fromPosition = (position: Position | undefined): number => (position === undefined ? 0 : Number(position));
