/** GET /projections, POST /projections/{name}/rebuild, POST /jobs, GET /jobs/{id}, GET /jobs/{id}/file: the operator's. */
import type { Static } from 'typebox';
import { BACKUP_TYPE, type Job, type Jobs } from '../../../application/kernel/jobs.ts';
import type { Access } from '../../../application/tenancy/access.ts';
import type { Logger } from '../../../application/kernel/ports.ts';
import type { TenantId } from '../../../domain/kernel/ids.ts';
import { reject, rejectFields } from '../../../domain/kernel/rejection.ts';
import type { Projections, ProjectionStatus } from '../../../projections/kernel/projections.ts';
import { defineRoute, type Route } from '../../kernel/route.ts';
import type { PlatformPrincipal } from '../principal.ts';
import { JobParams, JobReply, NameParams, ProjectionReply, ProjectionsReply, startJobBody } from '../schemas.ts';

export type OperationDeps = Readonly<{ access: Pick<Access, 'tenantBySlug'>; jobs: Jobs; projections: Pick<Projections, 'status' | 'rebuild'>; logger: Pick<Logger, 'error'> }>;

const common = { permission: 'operator', tags: ['Operations'] } as const;

const showProjection = ({ name, version, serving, position, lag }: ProjectionStatus): Static<typeof ProjectionReply> => ({
  name,
  version,
  serving,
  position: position ?? null,
  lag,
});

const showJob = ({ id, kind, status, progress, createdAt, finishedAt, error, file }: Job): Static<typeof JobReply> => ({
  id,
  kind,
  status,
  progress,
  created_at: createdAt,
  finished_at: finishedAt ?? null,
  error: error ?? null,
  file: file === undefined ? null : { name: file.name, content_type: file.contentType, size: file.size },
});

const projectionsRoute = ({ projections }: OperationDeps) =>
  defineRoute<PlatformPrincipal>({
    ...common,
    method: 'GET',
    path: '/v1/projections',
    operationId: 'listProjections',
    summary: 'How far the read models are',
    replies: { 200: { description: 'All read models', schema: ProjectionsReply } },
    handle: async () => ({ status: 200, body: { items: (await projections.status()).map(showProjection) } }),
  });

const rebuildRoute = ({ projections, logger }: OperationDeps) =>
  defineRoute<PlatformPrincipal, typeof NameParams>({
    ...common,
    method: 'POST',
    path: '/v1/projections/:name/rebuild',
    operationId: 'rebuildProjection',
    summary: 'Fill a read model anew',
    description: 'The old one is served until the new one has caught up.',
    params: NameParams,
    replies: { 202: { description: 'Begun', schema: ProjectionReply } },
    rejections: ['platform.projection_unknown'],
    handle: async ({ params: { name } }) => {
      const status = (await projections.status()).find((each) => each.name === name) ?? reject('platform.projection_unknown');
      // Nobody waits for the end; how far it is, the list tells.
      projections.rebuild(name).catch((error: unknown) => logger.error({ error, projection: name }, 'a projection could not be rebuilt'));
      return { status: 202, body: showProjection(status) };
    },
  });

/** Whose work it is: a tenant is named exactly when the kind asks for one. */
const inputOf = async ({ jobs, access }: OperationDeps, { kind, tenant: slug }: Static<ReturnType<typeof startJobBody>>): Promise<Readonly<{ tenant?: TenantId }>> => {
  if (slug === undefined) return jobs.needsTenant(kind) ? rejectFields({ tenant: `is required for ${kind}` }) : {};
  if (!jobs.needsTenant(kind)) return rejectFields({ tenant: `means nothing to ${kind}` });
  const { id } = (await access.tenantBySlug(slug)) ?? reject('tenancy.tenant_unknown');
  return { tenant: id };
};

const startRoute = (deps: OperationDeps) =>
  defineRoute<PlatformPrincipal, undefined, undefined, ReturnType<typeof startJobBody>>({
    ...common,
    method: 'POST',
    path: '/v1/jobs',
    operationId: 'startJob',
    summary: 'Start long work',
    body: startJobBody(deps.jobs.kinds),
    bodyExample: { kind: 'backup' },
    replies: { 202: { description: 'Started', schema: JobReply } },
    rejections: ['tenancy.tenant_unknown'],
    handle: async ({ body, commandId, cause }) => {
      const job = await deps.jobs.start(body.kind, commandId, { ...cause, ...(await inputOf(deps, body)) });
      return { status: 202, body: showJob(job), headers: { Location: `/platform/v1/jobs/${job.id}` } };
    },
  });

const getRoute = ({ jobs }: OperationDeps) =>
  defineRoute<PlatformPrincipal, typeof JobParams>({
    ...common,
    method: 'GET',
    path: '/v1/jobs/:id',
    operationId: 'getJob',
    summary: 'How far long work is',
    params: JobParams,
    replies: { 200: { description: 'The job', schema: JobReply } },
    rejections: ['platform.job_unknown'],
    handle: async ({ params }) => ({ status: 200, body: showJob((await jobs.get(params.id.toLowerCase())) ?? reject('platform.job_unknown')) }),
  });

const fileRoute = ({ jobs }: OperationDeps) =>
  defineRoute<PlatformPrincipal, typeof JobParams>({
    ...common,
    method: 'GET',
    path: '/v1/jobs/:id/file',
    operationId: 'getJobFile',
    summary: 'Fetch what long work has made',
    params: JobParams,
    replies: { 200: { description: 'The file: a backup', contentType: BACKUP_TYPE } },
    rejections: ['platform.job_unknown', 'platform.job_has_no_file'],
    handle: async ({ params }) => {
      const id = params.id.toLowerCase();
      const { file } = (await jobs.get(id)) ?? reject('platform.job_unknown');
      const stream = await jobs.read(id);
      if (file === undefined || stream === undefined) return reject('platform.job_has_no_file');
      // The name is the server's own: letters, digits, dots and hyphens.
      return { status: 200, stream, contentType: file.contentType, headers: { 'Content-Disposition': `attachment; filename="${file.name}"` } };
    },
  });

export const operationRoutes = (deps: OperationDeps): readonly Route<PlatformPrincipal>[] => [
  projectionsRoute(deps),
  rebuildRoute(deps),
  startRoute(deps),
  getRoute(deps),
  fileRoute(deps),
];
