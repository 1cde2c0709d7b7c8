/** A process's part in an installation whose log and read models several of them share. */
import { catalogue } from '../../application/catalogue.ts';
import { createEventCodec } from '../../application/kernel/event-codec.ts';
import { projections as definitions } from '../../api/composition/projections.ts';
import { systemClock } from '../../infrastructure/runtime/clock.ts';
import { readConfig } from '../../infrastructure/runtime/config.ts';
import { openEngines, type OpenEngines } from '../../infrastructure/runtime/engines.ts';
import { pause } from '../../projections/kernel/pause.ts';
import { createProjections, type Projections } from '../../projections/kernel/projections.ts';
import { failOnFatal, silentLogger } from '../support/silent.ts';

export type EnginesAsked = Readonly<{ env: Readonly<Record<string, string>>; dataDir: string }>;

/** `projects`: whether this process keeps read models, or only learns of them. */
export const openShared = async ({ env, dataDir }: EnginesAsked, projects: boolean): Promise<Readonly<{ engines: OpenEngines; projections: Projections }>> => {
  const engines = await openEngines({ dataDir, codec: createEventCodec(catalogue), clock: systemClock, logger: silentLogger, onFatal: failOnFatal, settings: readConfig(env), pause });
  const { log, readModels: store, leases, state } = engines;
  return { engines, projections: createProjections({ clock: systemClock, log, store, logger: silentLogger, definitions, shared: { leases, state, projects } }) };
};
