/** What a start tells whoever is there: where everything is, and one thing to try on each surface. */
import { resolve } from 'node:path';
import { ROLES, type Config } from '../../infrastructure/runtime/config.ts';
import { hostsOf } from '../../infrastructure/runtime/config-values.ts';
import { DEFAULT_DATA_DIR, DEFAULT_URL } from './io.ts';

export type Started = Readonly<{
  url: string;
  /** Undefined: OPERATOR_TOKEN was given. */
  operatorTokenFile: string | undefined;
  config: Pick<Config, 'dataDir' | 'mailServer' | 'eventStoreUrl' | 'mongoUrl' | 'kafkaBrokers' | 'roles'>;
}>;

export const SURFACES = [
  { name: 'qwick-cert', mount: '/qwick-cert', docs: '/qwick-cert/docs' },
  { name: 'quantum-lock', mount: '/quantum-lock', docs: '/quantum-lock/docs' },
  { name: 'platform', mount: '/platform/v1', docs: '/platform/docs' },
] as const;

/** One line for a POSIX shell each; in this order. */
const examples = (url: string) => [
  ['platform', 'npx chancery tenant create --slug acme --name "Acme Corp" --owner-email owner@acme.example --plan qwick-cert=pro --plan quantum-lock=startup'],
  ['qwick-cert', 'export QWICK_TOKEN=$(npx chancery credential create --tenant acme --surface qwick-cert --name try --permission sign --secret-only)'],
  ['', 'npx chancery codesign --sample hello.exe && npx chancery codesign hello.exe --org acme --out hello-signed.exe'],
  ['quantum-lock', 'export QLK=$(npx chancery credential create --tenant acme --surface quantum-lock --name try --secret-only)'],
  ['', `curl -s ${url}/quantum-lock/api/v1/licenses/generate -H "X-API-Key: $QLK" -H 'Content-Type: application/json' -d '{"end_customer_id":"user@acmecorp.com"}'`],
] as const;

const quoted = (text: string): string => (/^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`);

/** What commands in another shell must be told, because it is not what they assume. */
export const environmentOf = ({ url, operatorTokenFile, config: { dataDir } }: Started): readonly string[] => [
  ...(url === DEFAULT_URL ? [] : [`CHANCERY_URL=${quoted(url)}`]),
  ...(dataDir === resolve(DEFAULT_DATA_DIR) || operatorTokenFile === undefined ? [] : [`DATA_DIR=${quoted(dataDir)}`]),
];

const preparation = (started: Started): readonly string[] => {
  const environment = environmentOf(started);
  return [
    ...(environment.length === 0 ? [] : [`  first         export ${environment.join(' ')}`]),
    ...(started.operatorTokenFile === undefined ? ['  first         export OPERATOR_TOKEN, as it was given here'] : []),
  ];
};

const mailOf = ({ mailServer, dataDir }: Started['config']): string => (mailServer === undefined ? `files in ${dataDir}/outbox` : `SMTP, ${mailServer.host}:${mailServer.port}`);

const sqliteOr = (name: string, url: string | undefined): string => (url === undefined ? 'embedded SQLite' : `${name} at ${hostsOf(url)}`);

const enginesOf = (config: Started['config']) => {
  const models = sqliteOr('MongoDB', config.mongoUrl);
  return {
    events: sqliteOr('EventStoreDB', config.eventStoreUrl), read_models: models, state: models,
    bus: config.kafkaBrokers.length === 0 ? 'in-process' : `Kafka at ${config.kafkaBrokers.join(',')}`,
    mail: mailOf(config),
  };
};

/** Each engine once, behind all that is in it. */
const engineLine = (config: Started['config']): string => {
  const whats = Map.groupBy(Object.entries(enginesOf(config)), ([, engine]) => engine);
  return [...whats].map(([engine, all]) => `${all.map(([what]) => what.replace('_', ' ')).join(', ')}: ${engine}`).join('; ');
};

const isApi = ({ roles }: Started['config']): boolean => roles.includes('api');

const forClients = (started: Started): readonly string[] => [
  `  surfaces        ${SURFACES.map(({ mount, docs }) => `${mount} (docs: ${docs})`).join(', ')}`,
  '',
  'Try it, in another shell in this folder:',
  ...preparation(started),
  ...examples(started.url).map(([surface, line]) => `  ${surface.padEnd('quantum-lock'.length)}  ${line}`),
];

export const banner = (started: Started): string => {
  const { url, operatorTokenFile, config } = started;
  return [
    '',
    `Chancery listens on ${url}`,
    `  data            ${config.dataDir}`,
    `  operator token  ${operatorTokenFile ?? 'given by OPERATOR_TOKEN'}`,
    `  engines         ${engineLine(config)}`,
    ...(config.roles.length === ROLES.length ? [] : [`  roles           ${config.roles.join(', ')}`]),
    ...(isApi(config) ? forClients(started) : []),
    '',
  ].join('\n');
};

/** The same for programs. */
export const bannerJson = ({ url, operatorTokenFile, config }: Started): object => ({
  url,
  data_dir: config.dataDir,
  operator_token_file: operatorTokenFile ?? null,
  engines: enginesOf(config),
  roles: config.roles,
  surfaces: isApi(config) ? SURFACES : [],
});
