/** A log from a position on, event by event, the next page being read while one is looked at. */
import type { Position } from '../../domain/kernel/ids.ts';
import type { MovedEvent, MovedPage, MovingLog } from './moved-event.ts';

export const PAGE = 1_000;

export interface Walk {
  /** The next event without taking it; undefined at the end of the log. */
  peek(): MovedEvent | undefined | Promise<MovedEvent | undefined>;
  take(): void;
  /** What is at hand from the next event on, at most `count`: nothing at the end. */
  rest(count: number): Promise<readonly MovedEvent[]>;
}

/** Failures of a page that is read ahead are told when it is asked for. */
const quietly = (page: Promise<MovedPage>): Promise<MovedPage> => {
  page.catch(() => undefined);
  return page;
};

export const createWalk = (log: Pick<MovingLog, 'read'>, after: Position | undefined): Walk => {
  let [events, index]: [readonly MovedEvent[], number] = [[], 0];
  let next: Promise<MovedPage> | undefined = quietly(log.read(after, PAGE));
  const fill = async (): Promise<MovedEvent | undefined> => {
    while (index >= events.length && next !== undefined) {
      const { events: found, upTo } = await next;
      next = upTo === undefined ? undefined : quietly(log.read(upTo, PAGE));
      [events, index] = [found, 0];
    }
    return events[index];
  };
  return {
    peek: () => (index < events.length ? events[index] : fill()),
    take: () => void (index += 1),
    rest: async (count) => {
      await fill();
      const found = events.slice(index, index + count);
      index += found.length;
      return found;
    },
  };
};
