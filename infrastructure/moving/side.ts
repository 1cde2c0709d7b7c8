/** One end of a move: where a log, its keys and its state stand. */
import type { KeyVault } from '../../application/kernel/ports.ts';
import type { StateStore } from '../../application/kernel/state.ts';
import type { MovingLog } from './moved-event.ts';

/** Says of a place that a log is being moved into it, so that nothing is served from half of one. Removed when the move is over. */
export interface Marker {
  isSet(): Promise<boolean>;
  set(): Promise<void>;
  clear(): Promise<void>;
}

export type Side = Readonly<{
  /** For people, without passwords. */
  name: string;
  log: MovingLog;
  vault: KeyVault;
  state: StateStore;
  marker: Marker;
  /** Whether a program has used this state with a log. */
  isUsed: () => Promise<boolean>;
  close: () => Promise<void>;
}>;
