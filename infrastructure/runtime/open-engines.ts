/** What is open once a program's engines are, and the embedded ones as such. */
import { createLoneLeases, type Leases } from '../../application/kernel/leases.ts';
import type { EngineSettings } from './config-engines.ts';
import { type Embedded, type EmbeddedOptions, openEmbedded } from './embedded.ts';

export type OpenEngines = Omit<Embedded, 'rememberLog'> & Readonly<{
  leases: Leases;
  /** Whether other processes may use the same log, read models and state at the same time. */
  isShared: boolean;
  /** Ties what is derived from the log to it, as it stands now. Worth it once a new log has its first event. */
  rememberLog: () => Promise<void>;
}>;

export type EnginesOptions = EmbeddedOptions & Readonly<{ settings: EngineSettings; pause: (ms: number, signal: AbortSignal) => Promise<void> }>;

/** All of them in the data directory, which is this process's alone. */
export const onEmbedded = async (options: EmbeddedOptions): Promise<OpenEngines> => {
  const { rememberLog, ...embedded } = await openEmbedded(options);
  return { ...embedded, leases: createLoneLeases(), isShared: false, rememberLog: async () => rememberLog() };
};
