/** Free text of a client as people see it who decide on it. */

/** White space, and what has no form of its own: controls, format characters, fillers, accents without a letter, the blank of braille. */
const SHOWN = /[^\p{White_Space}\p{Default_Ignorable_Code_Point}\p{C}\p{M}\u2800]/u;

/** Whether there is anything to see. */
export const showsSomething = (text: string): boolean => SHOWN.test(text);

/** Embeddings, overrides and isolates (UAX #9): `exe.gpj` can be made to look like `jpg.exe`. */
const TURNS = /[\u202a-\u202e\u2066-\u2069]/u;

/** Whether a part of it is shown in another order than it is written. */
export const turnsDirection = (text: string): boolean => TURNS.test(text);
