/** `chancery tenant create|list` */
import { randomBytes } from 'node:crypto';
import { Command } from 'commander';
import { withPlatform, type WithOwnServer } from './client.ts';
import { collect, EXIT, print, table, type Io } from './io.ts';

type Tenant = Readonly<{ id: string; slug: string; name: string; plans: Readonly<Record<string, unknown>>; owner?: Readonly<{ user_id: string; email: string }> }>;
type CreateOptions = Readonly<{ slug: string; name?: string; ownerEmail: string; plan: readonly string[]; json?: boolean }>;

const planOf = (plan: unknown): string =>
  typeof plan === 'string' ? plan : String((plan as Readonly<{ plan?: unknown }>).plan);

const plansLine = (plans: Tenant['plans']): string =>
  Object.entries(plans).map(([surface, plan]) => `${surface}=${planOf(plan)}`).join(' ');

/** `['qwick-cert=pro']` → `{ 'qwick-cert': 'pro' }`; a pair without `=` ends the command as wrong usage. */
const parsePlans = (command: Command, pairs: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    pairs.map((pair) => {
      const [surface, plan] = pair.split('=');
      if (surface === undefined || plan === undefined) command.error(`--plan ${pair}: expected SURFACE=PLAN`, { exitCode: EXIT.usage });
      return [surface, plan] as const;
    }),
  );

const create = async (io: Io, own: WithOwnServer, options: CreateOptions, plans: Record<string, string>): Promise<void> => {
  const given = io.env.OWNER_PASSWORD;
  const password = given ?? randomBytes(18).toString('base64url');
  const body = {
    slug: options.slug,
    name: options.name ?? options.slug,
    owner: { email: options.ownerEmail, password },
    ...(Object.keys(plans).length === 0 ? {} : { plans }),
  };
  const tenant = await withPlatform(io, own, async (platform) => (await platform.call('POST', '/tenants', body)).body as Tenant);
  const shown = given === undefined ? { ...tenant, owner: { ...tenant.owner, password } } : tenant;
  print(io, options.json, shown, () =>
    [
      `tenant ${tenant.slug} (${tenant.id})`,
      `owner  ${options.ownerEmail}`,
      ...(given === undefined ? [`password, shown once: ${password}`] : []),
    ].join('\n'),
  );
};

const list = async (io: Io, own: WithOwnServer, json: boolean | undefined): Promise<void> => {
  const tenants = await withPlatform(io, own, async (platform) => platform.list<Tenant>('/tenants'));
  print(io, json, tenants, (all) => table(['SLUG', 'NAME', 'ID', 'PLANS'], all.map((tenant) => [tenant.slug, tenant.name, tenant.id, plansLine(tenant.plans)])));
};

export const tenantCommand = (io: Io, own: WithOwnServer): Command => {
  const tenant = new Command('tenant').description('create and list tenants');
  tenant
    .command('create')
    .description('create a tenant with its owner (password from OWNER_PASSWORD, else made and shown once)')
    .requiredOption('--slug <slug>', 'short name used in addresses')
    .option('--name <name>', 'full name (default: the slug)')
    .requiredOption('--owner-email <email>', "the owner's address")
    .option('--plan <surface=plan>', 'plan of a surface, such as qwick-cert=pro; may be repeated', collect, [])
    .option('--json', 'machine-readable output')
    .action(async (options: CreateOptions, command: Command) => create(io, own, options, parsePlans(command, options.plan)));
  tenant
    .command('list')
    .description('list all tenants')
    .option('--json', 'machine-readable output')
    .action(async (options: Readonly<{ json?: boolean }>) => list(io, own, options.json));
  return tenant;
};
