/**
 * The shape of every aggregate: pure functions over messages.
 *
 * `decide` and `evolve` see no clock, id generator, randomness or I/O, because a command that lost a race for its
 * stream is decided again on the newer state. Time and ids arrive inside the command.
 */

/** A named fact or request whose data is plain JSON. */
export type Message<Type extends string = string, Data extends object = object> = Readonly<{
  type: Type;
  data: Readonly<Data>;
}>;

/**
 * Turns a command into events and events into state.
 *
 * `decide` returns `[]` when there is nothing (left) to do and throws a `Rejection` when the command is refused.
 * `evolve` tolerates events it does not know.
 */
export type Decider<State, Command extends Message, Event extends Message> = Readonly<{
  initialState: State;
  evolve: (state: State, event: Event) => State;
  decide: (command: Command, state: State) => readonly Event[];
}>;

/** Makes exhaustive switches a compile-time matter; at run time it returns `fallback` untouched. */
export const otherwise = <T>(_never: never, fallback: T): T => fallback;
