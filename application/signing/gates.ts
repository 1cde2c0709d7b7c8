/**
 * The gates before a signature, passed in their published order. A gate refuses by throwing, or lets through; it may take something
 * on the way (a place, one of a limited number), which is given back when there will be no signature.
 */
import type { Cause, Clock } from '../kernel/ports.ts';
import type { SigningPrincipal } from './authorise.ts';
import type { SignRequest } from './sign-request.ts';

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
  /** Whether what the gate went by has changed since: it should be passed again. */
  stale?: (() => Promise<boolean>) | undefined;
  /** It is known from here on that somebody has approved the request. */
  approved?: true;
}>;

/** `at`: when the request has come to this gate; milliseconds since 1970. */
export type Gate = (asked: Asked, at: number) => Promise<Held | undefined> | Held | undefined;

/** Why a request does not go on: what the gate threw that it had come to at `at`. */
export type Stopped = Readonly<{ error: unknown; at: number; approved: boolean }>;

type Passing = Readonly<{
  clock: Clock;
  /** Asked once everything is given back, before the refusal is told; what it throws is told instead. */
  stopped: (asked: Asked, why: Stopped) => Promise<void>;
}>;

export type Taken = Readonly<Required<Pick<Held, 'undo' | 'keep' | 'release'>> & { stale: () => Promise<boolean> }>;

/** In one: undoes and releases in the opposite order. What cannot be undone now stays taken: the caller gets the first error. */
const together = (held: readonly Held[]): Taken => ({
  undo: async () => {
    for (const { undo } of held.toReversed()) await undo?.().catch(() => undefined);
  },
  keep: async () => {
    for (const { keep } of held) await keep?.().catch(() => undefined);
  },
  release: () => {
    for (const { release } of held.toReversed()) release?.();
  },
  stale: async () => {
    for (const { stale } of held) if ((await stale?.()) === true) return true;
    return false;
  },
});

/** What is held, and what is taken later. */
export const createHolding = (first: Taken): Taken & Readonly<{ add: (more: Taken) => void }> => {
  const all: Taken[] = [first];
  return {
    undo: () => together(all).undo(),
    keep: () => together(all).keep(),
    release: () => together(all).release(),
    stale: async () => (await all.at(-1)?.stale()) === true,
    add: (more) => void all.push(more),
  };
};

/** Passes all gates, or rejects with what the first of them refuses with, everything given back. */
export const passGates = async (gates: readonly Gate[], asked: Asked, { clock, stopped }: Passing): Promise<Taken> => {
  const held: Held[] = [];
  let at = clock.now();
  try {
    for (const gate of gates) {
      at = clock.now();
      const taken = await gate(asked, at);
      if (taken !== undefined) held.push(taken);
    }
    return together(held);
  } catch (error) {
    const all = together(held);
    await all.undo();
    all.release();
    await stopped(asked, { error, at, approved: held.some(({ approved }) => approved === true) });
    throw error;
  }
};
