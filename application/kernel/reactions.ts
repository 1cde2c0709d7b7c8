/** Reactions: what follows from an event outside of it (mail, further commands). Never rebuilt, never reset. */
import type { Message } from '../../domain/kernel/decider.ts';
import { createFollower, type Follower } from './follower.ts';
import type { EventLog, Logger, Recorded } from './ports.ts';
import type { StateStore } from './state.ts';

export type Reaction<Event extends Message = Message> = Readonly<{
  name: string;
  /** What happens when `on` rejects: `skip` reports the event and goes on, `stop` stays before it until it succeeds. */
  onFailure: 'skip' | 'stop';
  /** Must bear repetition: after a crash the last event comes again. */
  on: { readonly [Type in Event['type']]: (recorded: Recorded<Extract<Event, { type: Type }>>) => Promise<void> };
}>;

/** Types one reaction. */
export const defineReaction = <Event extends Message>(reaction: Reaction<Event>): Reaction<Event> => reaction;

type Forgetful = { handle(recorded: Recorded): Promise<void> };

/** Any reaction, its types forgotten. */
export type AnyReaction = Readonly<{ name: string; onFailure: 'skip' | 'stop'; on: Readonly<Record<string, Forgetful['handle']>> }>;

export type ReactionDeps = Readonly<{ log: EventLog; state: StateStore; logger: Pick<Logger, 'error'> }>;

/** One event at a time, so that a crash repeats one effect at most. */
export const createReaction = (reaction: AnyReaction, { log, state, logger }: ReactionDeps): Follower => {
  const react = async (recorded: Recorded): Promise<void> => {
    try {
      await reaction.on[recorded.type]?.(recorded);
    } catch (error) {
      logger.error({ error, reaction: reaction.name, position: recorded.position, type: recorded.type }, 'a reaction failed');
      if (reaction.onFailure === 'stop') throw error;
    }
  };
  const handle = async (events: readonly Recorded[]): Promise<void> => {
    for (const event of events) await react(event);
  };
  return createFollower({ name: `reaction:${reaction.name}`, feed: log.feed({ types: Object.keys(reaction.on) }), state, handle, batch: 1 });
};
