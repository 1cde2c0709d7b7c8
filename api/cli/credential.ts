/** `chancery credential create|revoke|list` */
import { Command } from 'commander';
import { withPlatform, type WithOwnServer } from './client.ts';
import { collect, print, table, type Io } from './io.ts';

type Credential = Readonly<{
  id: string;
  surface: string;
  name: string;
  prefix: string;
  expires_at: string | null;
  revoked_at?: string | null;
  last_used_at?: string | null;
  use_count?: number;
}>;
type CreateOptions = Readonly<{ tenant: string; surface: string; name: string; kind?: string; permission: readonly string[]; keyId: readonly string[]; expiresAt?: string; secretOnly?: boolean; json?: boolean }>;
type Scoped = Readonly<{ tenant: string; json?: boolean }>;

const path = (tenant: string): string => `/tenants/${encodeURIComponent(tenant)}/credentials`;

const create = async (io: Io, own: WithOwnServer, options: CreateOptions): Promise<void> => {
  const body = {
    surface: options.surface,
    name: options.name,
    ...(options.kind === undefined ? {} : { kind: options.kind }),
    ...(options.keyId.length === 0 ? {} : { key_ids: options.keyId }),
    ...(options.permission.length === 0 ? {} : { permissions: options.permission }),
    ...(options.expiresAt === undefined ? {} : { expires_at: options.expiresAt }),
  };
  const made = await withPlatform(io, own, async (platform) => (await platform.call('POST', path(options.tenant), body)).body as Credential & { secret: string });
  if (options.secretOnly === true) return io.out(made.secret);
  return print(io, options.json, made, () => [`credential ${made.id}`, `secret, shown once: ${made.secret}`, `expires ${made.expires_at ?? 'never'}`].join('\n'));
};

const row = (each: Credential): readonly string[] => [
  each.id, each.surface, each.name, each.prefix, String(each.use_count ?? 0), each.last_used_at ?? '-', each.revoked_at == null ? (each.expires_at ?? 'never') : 'revoked',
];

const list = async (io: Io, own: WithOwnServer, { tenant, json }: Scoped): Promise<void> => {
  const items = await withPlatform(io, own, async (platform) => platform.list<Credential>(path(tenant)));
  print(io, json, items, (all) => table(['ID', 'SURFACE', 'NAME', 'PREFIX', 'USES', 'LAST USED', 'EXPIRES'], all.map(row)));
};

const revoke = async (io: Io, own: WithOwnServer, id: string, { tenant, json }: Scoped): Promise<void> => {
  await withPlatform(io, own, async (platform) => platform.call('DELETE', `${path(tenant)}/${encodeURIComponent(id)}`));
  print(io, json, { id, revoked: true }, () => `credential ${id} has stopped working`);
};

const EXAMPLES = `
Examples:
  chancery credential create --tenant acme --surface qwick-cert --name ci --permission sign
  chancery credential create --tenant acme --surface quantum-lock --name shop                       (qlk_…, for licenses)
  chancery credential create --tenant acme --surface quantum-lock --kind service --name builds --key-id releases   (svc_…, for the KMS)`;

export const credentialCommand = (io: Io, own: WithOwnServer): Command => {
  const credential = new Command('credential').description('create, revoke and list credentials of a tenant');
  credential
    .command('create')
    .description('create a credential; its secret is shown once')
    .requiredOption('--tenant <slug>', 'the tenant')
    .requiredOption('--surface <surface>', 'the surface it opens, such as qwick-cert')
    .requiredOption('--name <name>', 'what it is for')
    .option('--kind <kind>', 'which of the surface\'s forms, such as service; the default is its usual one')
    .option('--key-id <id>', 'a key it may use, on forms that are bound to keys; may be repeated', collect, [])
    .option('--permission <permission>', 'such as sign or read_audit; may be repeated', collect, [])
    .option('--expires-at <time>', 'RFC 3339; the default is the surface\'s own')
    .option('--secret-only', 'print the secret and nothing else, for scripts')
    .option('--json', 'machine-readable output')
    .addHelpText('after', EXAMPLES)
    .action(async (options: CreateOptions) => create(io, own, options));
  credential
    .command('list')
    .description('list credentials with their use')
    .requiredOption('--tenant <slug>', 'the tenant')
    .option('--json', 'machine-readable output')
    .action(async (options: Scoped) => list(io, own, options));
  credential
    .command('revoke <id>')
    .description('revoke a credential; it is refused from the answer on')
    .requiredOption('--tenant <slug>', 'the tenant')
    .option('--json', 'machine-readable output')
    .action(async (id: string, options: Scoped) => revoke(io, own, id, options));
  return credential;
};
