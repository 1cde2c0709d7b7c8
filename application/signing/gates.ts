/**
 * The gates before a signature, passed in their published order. A gate refuses by throwing, or lets through; it may take something
 * on the way (a place, one of a limited number), which is given back when there will be no signature.
 */
import type { Cause } from '../kernel/ports.ts';
import type { SigningPrincipal } from './authorise.ts';
import type { SignRequest } from './sign-digest.ts';

/** A request on its way to operation `operationId`: one that a crash left pending, or a new one. */
export type Asked = Readonly<{ principal: SigningPrincipal; request: SignRequest; cause: Cause; operationId: string }>;

/** What a gate has taken for the request. */
export type Held = Readonly<{
  /** There is no signature and there will be none. */
  undo?: () => Promise<void>;
  /** There is a signature, and its completion is durable. */
  keep?: () => Promise<void>;
  /** It is over, whichever way: runs last, also when nothing can be stored. */
  release?: () => void;
}>;

export type Gate = (asked: Asked) => Promise<Held | undefined> | Held | undefined;

/** In one: undoes and releases in the opposite order. What cannot be undone now stays taken: the caller gets the first error. */
const together = (held: readonly Held[]): Required<Held> => ({
  undo: async () => {
    for (const { undo } of held.toReversed()) await undo?.().catch(() => undefined);
  },
  keep: async () => {
    for (const { keep } of held) await keep?.().catch(() => undefined);
  },
  release: () => {
    for (const { release } of held.toReversed()) release?.();
  },
});

/** Passes all gates, or rejects with what the first of them refuses with, everything given back. */
export const passGates = async (gates: readonly Gate[], asked: Asked): Promise<Required<Held>> => {
  const held: Held[] = [];
  try {
    for (const gate of gates) {
      const taken = await gate(asked);
      if (taken !== undefined) held.push(taken);
    }
    return together(held);
  } catch (error) {
    const all = together(held);
    await all.undo();
    all.release();
    throw error;
  }
};
