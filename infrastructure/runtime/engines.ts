/** Everything that is stored, on the engines that the settings name: the embedded ones in the data directory, or those that other machines carry. */
import { type EnginesOptions, onEmbedded, type OpenEngines } from './open-engines.ts';

export type { EnginesOptions, OpenEngines } from './open-engines.ts';

/**
 * Throws a `ConfigError` of one line when an engine cannot be reached, refuses the user or is too old, and when the data directory is in use or was
 * written by a newer release.
 */
export const openEngines = async (options: EnginesOptions): Promise<OpenEngines> => {
  const { mongoUrl, kafkaBrokers } = options.settings;
  if (mongoUrl === undefined && kafkaBrokers.length === 0) return onEmbedded(options);
  // Their clients take their time to load: who does not use them starts without.
  const { onMongo, withKafka } = await import('./other-engines.ts');
  return mongoUrl === undefined ? withKafka(options) : onMongo(options, mongoUrl);
};
