/** One of several processes that keep the read models of a shared log: opens its engines when it is told of them, begins when it is told to, ends with its channel. */
import type { Projections } from '../../projections/kernel/projections.ts';
import { type EnginesAsked, openShared } from './shared-models.ts';

export type Told = Readonly<{ open: EnginesAsked }> | Readonly<{ begin: true }>;

let opened: Projections | undefined;

const obey = async (told: Told): Promise<void> => {
  if ('open' in told) opened = (await openShared(told.open, true)).projections;
  else await opened?.start();
  process.send?.('done');
};

process.once('disconnect', () => process.exit(0));
process.on('message', (told: Told) => {
  obey(told).catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  });
});
