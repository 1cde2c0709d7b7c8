/** The log, page by page, in the public vocabulary. It is the log itself that is asked: what was answered before stands in it. */
import type { EventLog } from '../../application/kernel/ports.ts';
import { INSTALLATION, type Position, type TenantId } from '../../domain/kernel/ids.ts';
import { createFairTurns, type FairTurns } from '../kernel/fair-turns.ts';
import type { CloudEvent, CloudEvents } from './cloud-events.ts';
import { storedTypes } from './integration-events.ts';

/** `types` are stored types (names in code), all public ones without; `after` must not lie beyond the head. */
export type EventQuestion = Readonly<{ after: Position | undefined; limit: number; tenant?: TenantId; types?: readonly string[] }>;

/** `to`: the page holds all that there is up to here. `complete`: that was the head of the log when the page was asked for. */
export type EventPage = Readonly<{ events: readonly CloudEvent[]; to: Position | undefined; complete: boolean }>;

export type EventPages = (question: EventQuestion, signal: AbortSignal) => Promise<EventPage>;

/** Where little of the log is asked for, a page ends before it is full: after so many pulls, each of which looks at a bounded part of it. */
const MOST_PULLS = 20;

export const createEventPages =
  ({ log, toCloudEvent, turns = createFairTurns() }: Readonly<{ log: EventLog; toCloudEvent: CloudEvents; turns?: FairTurns }>): EventPages =>
  async ({ after, limit, tenant, types = storedTypes }, signal) => {
    const rest = turns.join(tenant ?? INSTALLATION, signal);
    const head = await log.head();
    const feed = log.feed({ types, ...(tenant !== undefined && { tenant }) });
    const events: CloudEvent[] = [];
    let to = after;
    // Never at the head: a feed that has nothing waits.
    const isOver = (pulls: number): boolean => head === undefined || (to !== undefined && to >= head) || events.length === limit || pulls === MOST_PULLS || signal.aborted;
    for (let pulls = 0; !isOver(pulls); pulls += 1) {
      // However many ask at once, whoever asks for something else waits for one part of one page.
      await rest();
      const page = await feed.pull(to, limit - events.length, signal);
      events.push(...page.events.flatMap((recorded) => toCloudEvent(recorded) ?? []));
      to = page.scannedTo;
    }
    return { events, to, complete: head === undefined || (to !== undefined && to >= head) };
  };
