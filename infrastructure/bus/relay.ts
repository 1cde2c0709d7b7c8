/** The relay: the log is the outbox. What the log holds is published in order, and the checkpoint moves after the bus has acknowledged. */
import type { Bus, BusMessage } from '../../application/kernel/bus.ts';
import { createFollower, type Follower } from '../../application/kernel/follower.ts';
import type { EventLog, Recorded } from '../../application/kernel/ports.ts';
import type { StateStore } from '../../application/kernel/state.ts';

export type RelayOptions = Readonly<{
  name: string;
  log: EventLog;
  state: StateStore;
  bus: Bus;
  /** Only events of these types; all without. */
  types?: readonly string[];
  /** Pure: an event's messages, none for what stays inside. */
  messages: (recorded: Recorded) => readonly BusMessage[];
}>;

export const createRelay = ({ name, log, state, bus, types, messages }: RelayOptions): Follower =>
  createFollower({ name: `relay:${name}`, feed: log.feed(types === undefined ? {} : { types }), state, handle: (events) => bus.publish(events.flatMap(messages)) });
