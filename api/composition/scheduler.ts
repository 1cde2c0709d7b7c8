/** What this process does again and again, if it has the role to. */
import type { Container } from 'inversify';
import type { Leases } from '../../application/kernel/leases.ts';
import type { Logger } from '../../application/kernel/ports.ts';
import type { Sweeper } from '../../application/signing/sweeper.ts';
import type { Config } from '../../infrastructure/runtime/config.ts';
import { createScheduler, type ScheduledTask, type Scheduler } from '../../infrastructure/runtime/scheduler.ts';
import { provide } from './provide.ts';
import { runtime, signing, storage } from './tokens.ts';

/** A timeout is seen a few seconds late: at questions of a few microseconds when there is nothing to do, and where they go to a server. */
const SWEEP_PAUSE_MS = { embedded: 2_000, asked: 5_000 } as const;

type Deps = Readonly<{ config: Config; logger: Logger; sweeper: Sweeper; leases: Leases }>;

const schedulerOf = ({ config, logger, sweeper, leases }: Deps): Scheduler => {
  const pauseMs = config.mongoUrl === undefined ? SWEEP_PAUSE_MS.embedded : SWEEP_PAUSE_MS.asked;
  const tasks: readonly ScheduledTask[] = [{ name: 'signing-sweeper', pauseMs, work: (signal) => sweeper.sweep(signal) }];
  return createScheduler(config.roles.includes('scheduler') ? tasks : [], logger, leases);
};

export const bindScheduler = (container: Container): void =>
  provide(container, runtime.scheduler, schedulerOf, { config: runtime.config, logger: runtime.logger, sweeper: signing.sweeper, leases: storage.leases });
