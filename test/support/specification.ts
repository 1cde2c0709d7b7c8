/** given events, when command, then events: the grammar of every decider's spec. */
import { expect } from 'chai';
import type { Decider, Message } from '../../domain/kernel/decider.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';

type Then<Event> = Readonly<{
  /** Exactly these events, complete and in order. */
  then: (...events: readonly Event[]) => void;
  nothing: () => void;
  rejected: (code: string, details?: object) => void;
}>;

export const specification = <State, Command extends Message, Event extends Message>(decider: Decider<State, Command, Event>) => ({
  given: (...history: readonly Event[]) => ({
    when: (command: Command): Then<Event> => {
      const decide = (): readonly Event[] => decider.decide(command, fold(history, decider));
      return {
        then: (...events) => expect(decide()).to.deep.equal(events),
        nothing: () => expect(decide()).to.deep.equal([]),
        rejected: (code, details) => {
          try {
            decide();
          } catch (error) {
            if (!(error instanceof Rejection)) throw error;
            expect(error.code).to.equal(code);
            if (details !== undefined) expect(error.details).to.deep.equal(details);
            return;
          }
          expect.fail(`expected a rejection with ${code}`);
        },
      };
    },
    /** Saying a command twice: what it adds, folded in, leaves nothing to do. */
    twice: (command: Command): void => {
      const first = decider.decide(command, fold(history, decider));
      expect(first, 'the first time').to.not.be.empty;
      expect(decider.decide(command, fold([...history, ...first], decider)), 'the second time').to.deep.equal([]);
    },
  }),
});

const fold = <State, Event extends Message>(events: readonly Event[], decider: Decider<State, never, Event>): State =>
  events.reduce(decider.evolve, decider.initialState);
