/** A place for whoever wants one. */
import type { Slots } from '../../application/delivery/slots.ts';

export const freeSlots: Slots = { enter: () => Promise.resolve({ givenUp: new AbortController().signal, leave: () => undefined }) };
