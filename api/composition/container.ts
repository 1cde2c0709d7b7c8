/** The composition root: the only place that knows every part of the program. */
import { Container } from 'inversify';
import type { Clock, Ids, Logger } from '../../application/kernel/ports.ts';
import type { Config } from '../../infrastructure/runtime/config.ts';
import type { RunningJobs } from '../../infrastructure/runtime/jobs.ts';
import type { Metrics } from '../../infrastructure/runtime/metrics.ts';
import { bindDelivery } from './delivery.ts';
import { bindLicensing } from './licensing.ts';
import { bindKms } from './kms.ts';
import { provideValue } from './provide.ts';
import { bindMail } from './mail.ts';
import { bindOffline } from './offline.ts';
import { bindRelay } from './relay.ts';
import { bindScheduler } from './scheduler.ts';
import { bindSigning } from './signing.ts';
import { bindSiem } from './siem.ts';
import { bindStorage, type Engines } from './storage.ts';
import { bindStreams } from './streams.ts';
import { bindSurfaces } from './surfaces.ts';
import { bindTenancy } from './tenancy.ts';
import { runtime } from './tokens.ts';

export type Given = Readonly<{
  config: Config;
  clock: Clock;
  ids: Ids;
  logger: Logger;
  metrics: Metrics;
  /** Base of absolute links, without a trailing slash. */
  publicUrl: string;
  operatorToken: string;
  engines: Engines;
  jobs: RunningJobs;
}>;

export const composeContainer = ({ engines, ...given }: Given): Container => {
  const container = new Container();
  provideValue(container, runtime.config, given.config);
  provideValue(container, runtime.clock, given.clock);
  provideValue(container, runtime.ids, given.ids);
  provideValue(container, runtime.logger, given.logger);
  provideValue(container, runtime.metrics, given.metrics);
  provideValue(container, runtime.publicUrl, given.publicUrl);
  provideValue(container, runtime.operatorToken, given.operatorToken);
  provideValue(container, runtime.jobs, given.jobs);
  bindStorage(container, engines);
  bindTenancy(container);
  bindMail(container);
  bindSigning(container);
  bindLicensing(container);
  bindKms(container);
  bindOffline(container);
  bindDelivery(container);
  bindSiem(container);
  bindRelay(container);
  bindStreams(container);
  bindScheduler(container);
  bindSurfaces(container);
  return container;
};
