/** What is stored and how it is sealed and shown, wired. Engines are opened before, since opening them takes time and may fail. */
import type { Container } from 'inversify';
import { KNOWN_NETWORKS } from '../../application/tenancy/known-networks.ts';
import { LOGIN_FAILURES } from '../../application/tenancy/login-throttle.ts';
import type { Sealing } from '../../infrastructure/crypto/sealing.ts';
import type { Config } from '../../infrastructure/runtime/config.ts';
import type { OpenEngines } from '../../infrastructure/runtime/engines.ts';
import { blindKeys } from '../../infrastructure/state/blind-keys.ts';
import { announcing } from '../../projections/kernel/announcing.ts';
import { createProjections, type ProjectionsOptions } from '../../projections/kernel/projections.ts';
import { projections as definitions } from './projections.ts';
import { provide, provideValue } from './provide.ts';
import { runtime, storage } from './tokens.ts';

export type Engines = Omit<OpenEngines, 'close' | 'rememberLog'> & Pick<Sealing, 'personalData' | 'secrets' | 'blindIndex'>;

const sharedOf = ({ isShared, leases, state }: Engines, { roles }: Config): ProjectionsOptions['shared'] =>
  isShared ? { leases, state, projects: roles.includes('projector') } : undefined;

export const bindStorage = (container: Container, engines: Engines): void => {
  const { log, readModels } = storage;
  provideValue(container, log, engines.log);
  provideValue(container, readModels, engines.readModels);
  provideValue(container, storage.vault, engines.vault);
  provideValue(container, storage.bus, engines.bus);
  provideValue(container, storage.leases, engines.leases);
  provideValue(container, storage.state, blindKeys(engines.state, engines.blindIndex, [LOGIN_FAILURES, KNOWN_NETWORKS]));
  provideValue(container, storage.personalData, engines.personalData);
  provideValue(container, storage.secrets, engines.secrets);
  provideValue(container, storage.blindIndex, engines.blindIndex);
  provide(
    container,
    storage.projections,
    ({ metrics, config, ...deps }) => {
      const poisoned = metrics.counter('projection_poison_events_total', 'Events that a read model could not take and skipped.', ['projection']);
      return createProjections({ ...deps, definitions, shared: sharedOf(engines, config), onPoison: ({ name }) => poisoned({ projection: name }) });
    },
    { log, store: readModels, clock: runtime.clock, logger: runtime.logger, metrics: runtime.metrics, config: runtime.config },
  );
  provide(container, storage.freshness, ({ projections }) => projections.freshness, { projections: storage.projections });
  provide(container, storage.reader, ({ projections }) => projections.reader, { projections: storage.projections });
  provide(container, storage.store, ({ freshness }) => announcing(engines.store, freshness), { freshness: storage.freshness });
};
