/** Collaborators that do nothing, or that fail the test when something happens that must not. */
import type { Logger } from '../../application/kernel/ports.ts';

const nothing = (): void => undefined;

export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };

export const failOnFatal = (error: Error): never => {
  throw error;
};
