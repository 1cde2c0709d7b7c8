/** The port by which read models are watched and rebuilt. */
import type { Position } from '../../domain/kernel/ids.ts';

export type ProjectionStatus = Readonly<{
  name: string;
  /** The one that is being served. */
  version: number;
  /** Undefined before the first event. */
  position: Position | undefined;
  /** Events that are in the log and not yet in the model. */
  lag: number;
  /** A version is being filled beside the served one. */
  rebuilding: boolean;
}>;

export interface ProjectionAdmin {
  list(): Promise<readonly ProjectionStatus[]>;
  /** Begins to fill the model anew beside the one that is served; false when there is no such projection. */
  rebuild(name: string): Promise<boolean>;
}
