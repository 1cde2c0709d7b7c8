/** Every surface that is served. A new one is a folder under `api` and a line here. */
import type { Container } from 'inversify';
import type { Surface } from '../kernel/surface.ts';
import { createPlatformSurface } from '../platform/surface.ts';
import { createQwickCertSurface, type QwickCertDeps } from '../qwick-cert/surface.ts';
import type { Config } from '../../infrastructure/runtime/config.ts';
import { provide, resolve } from './provide.ts';
import { bindQuantumLock } from './quantum-lock.ts';
import { authorities, delivery, fanout, kms, offline, runtime, siem, signing, storage, surfaces, tenancy } from './tokens.ts';

const qwickCert = ({ config, ...deps }: Omit<QwickCertDeps, 'cliVersions'> & Readonly<{ config: Config }>): Surface =>
  createQwickCertSurface({
    ...deps,
    cliVersions: {
      ...(config.cliMinVersion !== undefined && { minimum: config.cliMinVersion }),
      ...(config.cliVersion !== undefined && { current: config.cliVersion }),
    },
  });

const bindQwickCert = (container: Container): void => {
  const { access, credentials, sessions, credentialList } = tenancy;
  provide(container, surfaces.qwickCert, qwickCert, {
    config: runtime.config, clock: runtime.clock, reader: storage.reader, authorities: authorities.authorities,
    access, credentials, sessions, credentialList, members: tenancy.directory,
    signDigest: signing.signDigest, recordExport: signing.recordExport, reportResult: signing.reportResult, billing: signing.billing,
  });
};

const bindPlatform = (container: Container): void => {
  const { access, tenants, members, credentials, sessions, credentialList, directory } = tenancy;
  provide(container, surfaces.platform, createPlatformSurface, {
    access, tenants, members, credentials, sessions, credentialList, directory,
    invitations: tenancy.invitations, invitationList: tenancy.invitationList, passwordResets: tenancy.passwordResets, factors: tenancy.factors,
    reader: storage.reader, projections: storage.projections, jobs: runtime.jobs, logger: runtime.logger, operatorToken: runtime.operatorToken,
    rules: signing.rules, whatIf: signing.whatIf, clock: runtime.clock, recall: signing.recall, revokeCertificate: signing.revokeCertificate,
    kmsKeys: kms.keys, licenceSigningKeys: offline.keys, log: storage.log, publicUrl: runtime.publicUrl, streams: fanout.streams,
    webhooks: delivery.webhooks, redeliver: delivery.redeliver,
    siemSinks: siem.sinks, siemStatuses: siem.statuses, siemDispatcher: siem.dispatcher, siemLag: siem.lag,
  });
};

export const bindSurfaces = (container: Container): void => {
  bindQwickCert(container);
  bindQuantumLock(container);
  bindPlatform(container);
};

export const servedSurfaces = (container: Container): readonly Surface[] => [
  resolve(container, surfaces.platform),
  resolve(container, surfaces.qwickCert),
  resolve(container, surfaces.quantumLock),
];
