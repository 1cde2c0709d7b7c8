/** The platform surface over the real kernel, the real embedded stores and the real tenancy, on a free port. */
import { reject } from '../../../domain/kernel/rejection.ts';
import type { SiemDeps } from '../../../api/platform/routes/siem-sinks.ts';
import type { WebhookDeps } from '../../../api/platform/routes/webhooks.ts';
import { createPublicKeys } from '../../../api/platform/public-keys.ts';
import { eventStreamsOf } from '../../../api/composition/streams.ts';
import { createPlatformSurface } from '../../../api/platform/surface.ts';
import { openJobs } from '../../../api/composition/jobs.ts';
import { createKmsKeys } from '../../../application/keys/kms-keys.ts';
import { createLicenceSigningKeys } from '../../../application/licensing/signing-keys.ts';
import { createSignatures, keyDigests } from '../../../infrastructure/crypto/signatures.ts';
import { createSigningRules } from '../../../application/signing/rules.ts';
import { createRecentSignings } from '../../../projections/signing/recent-signings.ts';
import { createWhatIf } from '../../../projections/signing/what-if.ts';
import { randomIds } from '../../support/random-ids.ts';
import { silentLogger } from '../../support/silent.ts';
import { startTenancy } from '../../support/tenancy.ts';
import { ask, OPERATOR_TOKEN, serve } from '../kernel/support.ts';

/** Nothing is signed here: recall and revocation are shown over the whole program. */
const unsigned = {
  recall: async () => ({ page: { items: [], total: 0 }, toPosition: undefined }),
  revokeCertificate: async () => reject('authorities.certificate_unknown'),
};

/** Nothing goes out here: webhooks are shown over the whole program. */
const none = async (): Promise<never> => reject('delivery.webhook_not_found');
const noSink = async (): Promise<never> => reject('delivery.sink_not_found');
const silent: Pick<WebhookDeps, 'webhooks' | 'redeliver'> & Pick<SiemDeps, 'siemSinks' | 'siemStatuses' | 'siemDispatcher' | 'siemLag'> = {
  webhooks: { find: async () => undefined, reveal: none, create: none, change: none, rotate: none, disableGone: none, remove: none, replay: none, replayFinished: none },
  redeliver: { retry: none, test: none },
  siemSinks: { find: async () => undefined, list: async () => [], create: noSink, change: noSink, reveal: noSink, pause: noSink, resume: noSink, remove: noSink, test: noSink, open: noSink },
  siemStatuses: { read: noSink },
  siemDispatcher: { position: async () => undefined },
  siemLag: async () => 0,
};

const PUBLIC_URL = 'http://chancery.example';

export const startPlatform = async () => {
  const tenancy = await startTenancy();
  const { ground, knobs } = tenancy;
  const { state } = ground.embedded;
  const jobs = await openJobs({ state, clock: ground.clock, logger: silentLogger, dataDir: ground.directory.path, rotations: Promise.resolve(tenancy.rotations), backups: true, leases: undefined });
  const { store, sealing: { personalData }, projections: { reader, freshness } } = ground;
  const { memberships } = tenancy.aggregates;
  const rules = createSigningRules({ store, memberships, personalData, recent: createRecentSignings(reader), clock: ground.clock, ids: randomIds });
  const whatIf = createWhatIf({ reader, log: ground.embedded.log, freshness, personalData });
  const keyDeps = { store, secrets: ground.sealing.secrets, engine: createSignatures(), digests: keyDigests, clock: ground.clock, ids: randomIds };
  const kmsKeys = createKmsKeys(keyDeps);
  const licenceSigningKeys = createLicenceSigningKeys(keyDeps);
  const surface = createPlatformSurface({ ...tenancy, rules, whatIf, kmsKeys, licenceSigningKeys, ...unsigned, ...silent, log: ground.embedded.log, publicUrl: PUBLIC_URL, streams: eventStreamsOf({ log: ground.embedded.log, publicUrl: PUBLIC_URL }), clock: ground.clock, projections: ground.projections, jobs, logger: silentLogger, operatorToken: OPERATOR_TOKEN });
  const running = await serve([surface], {
    state,
    secrets: ground.sealing.secrets,
    clock: ground.clock,
    ids: randomIds,
    publicDocuments: { '/.well-known/chancery-keys.json': createPublicKeys({ sessionKeys: tenancy.keys, published: { all: async () => [] } }) },
  });
  type Options = Readonly<{ as?: string; body?: unknown; headers?: Record<string, string> }>;
  const call = (method: string, path: string, { as = OPERATOR_TOKEN, ...rest }: Options = {}) => ask(running, method, `/platform/v1${path}`, { as, ...rest });
  return {
    ...tenancy,
    running,
    knobs,
    call,
    close: async () => {
      await running.close();
      await jobs.close();
      await tenancy.close();
    },
  };
};

export type Platform = Awaited<ReturnType<typeof startPlatform>>;
