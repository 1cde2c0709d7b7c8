/** An orderly end, within a time: engines that do not answer must not keep a process from ending. */
import type { Logger } from '../../application/kernel/ports.ts';

export type Ending = () => Promise<unknown>;

/**
 * Ends what has begun, the last first. What fails is told and passed over; what is not over after `withinMs` milliseconds is left as it is, as are those
 * that would come after it: whatever was answered is stored, and what it holds passes on to others as from a process that was killed.
 */
export const endAll = async (endings: readonly Ending[], withinMs: number, logger: Pick<Logger, 'warn'>): Promise<void> => {
  const late = Promise.withResolvers<void>();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    late.resolve();
  }, withinMs);
  const attempt = async (end: Ending): Promise<void> => {
    try {
      await end();
    } catch (error) {
      logger.warn({ error }, 'something did not end as it should');
    }
  };
  for (const end of endings.toReversed()) if (!isLate) await Promise.race([attempt(end), late.promise]);
  clearTimeout(timer);
  if (isLate) logger.warn({ withinMs }, 'not everything has ended in time: the rest is left as it is');
};
