/**
 * Appends of which the order over all streams must be kept: many on their way at once, over one call, in which the server takes them in the order in which
 * they come. What is left behind by a call that ends, a kill or a restart is the beginning of them; and what is not known to be stored is said again in that order.
 */
import type { Appends, AppendsDeps, Events } from './appends.ts';
import type { Answer } from './batches.ts';
import { createDeadline } from './waiting.ts';

/** `expected`: the revision behind which they stand, -1 for a new stream. */
export type Placed = Readonly<{ events: Events; expected: number }>;

/** On their way at once: so many appends, and so many characters of JSON in them unless it is one alone. */
const MOST = 256;
const LARGEST = 1_000_000;

const sizeOf = ({ events: { events } }: Placed): number => events.reduce((sum, { data, metadata }) => sum + data.length + metadata.length, 0);

const windowOf = (all: readonly Placed[], from: number): readonly Placed[] => {
  let [to, size] = [from, 0];
  for (; to < all.length && to - from < MOST; to += 1) {
    size += sizeOf(all[to] as Placed);
    if (size > LARGEST && to > from) break;
  }
  return all.slice(from, to);
};

const isStored = (answer: Answer): boolean => !('actual' in answer) && answer.position !== undefined;

/** Sends them in their order. Answers how many of the first are stored, as far as the server has said. */
const send = async ({ connection, batches }: AppendsDeps, window: readonly Placed[]): Promise<number> => {
  const held = connection.current();
  try {
    const say = await batches.open(held);
    const milliseconds = createDeadline(connection.patience()).attempt();
    const one = async ({ events, expected }: Placed): Promise<Answer> => {
      const answer = await say({ ...events, expected }, milliseconds);
      connection.worked(held);
      return answer;
    };
    const answers = await Promise.allSettled(window.map(one));
    const wrong = answers.findIndex((answer) => answer.status === 'rejected' || !isStored(answer.value));
    const failure = answers.find((answer) => answer.status === 'rejected');
    if (failure !== undefined) connection.failed(held, failure.reason);
    return wrong < 0 ? window.length : wrong;
  } catch (error) {
    connection.failed(held, error);
    return 0;
  }
};

/**
 * Copies that may be there already, at their place alone. Rejects like `Appends.at`; those behind the one that failed may be stored then. The first of each
 * call, and the first that is not known to be stored, goes alone: a node that does not take appends yet refuses one, and might take the next.
 */
export const createInOrder = (deps: AppendsDeps, appends: Pick<Appends, 'at'>) => async (all: readonly Placed[]): Promise<void> => {
  for (let done = 0, isSure = false; done < all.length; ) {
    if (!isSure) {
      const { events, expected } = all[done] as Placed;
      await appends.at(events, expected);
      done += 1;
    }
    const window = windowOf(all, done);
    const stored = window.length === 0 ? 0 : await send(deps, window);
    isSure = stored === window.length;
    done += stored;
  }
};
