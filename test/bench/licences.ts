/**
 * Licences over HTTP by the whole program: generated on one account and validated, held against bare Express; and generated on an account that
 * has sold many, held against one that has sold few.
 */
import { randomUUIDv7 } from 'node:crypto';
import { ledgerStream } from '../../application/licensing/streams.ts';
import type { TenantId } from '../../domain/kernel/ids.ts';
import { LICENCES_IN_A_VOLUME } from '../../domain/licensing/ledger.ts';
import type { LedgerEvent } from '../../domain/licensing/licence.events.ts';
import type { Benchmark, Settings } from './benchmark.ts';
import { processorMs, type Program, startHelper, startProgram } from './child.ts';
import { appendAll, askJson, openStores } from './ground.ts';
import type { Load, Loaded } from './load-client.ts';
import { alternate, type Compared, compared, median, milliseconds, perSecond } from './measure.ts';
import type { Row } from './report.ts';
import type { Appending } from './samples.ts';

const GENERATE_AIM = 0.4;
const VALIDATE_AIM = 0.6;
const FLAT_AIM = 0.8;
const CONNECTIONS = 64;
const LICENCES = '/quantum-lock/api/v1/licenses';
const FEW = 1_000;
const PASSWORD = 'plenty of words to remember 7';
const CUSTOMER = 'user@acmecorp.com';

const GENERATE = JSON.stringify({ end_customer_id: CUSTOMER, features: ['premium', 'api_access', 'analytics'], valid_days: 365, metadata: { company: 'Acme Corp' } });

type Account = Readonly<{ tenant: TenantId; secret: string }>;

/** On a plan whose limit is never met. */
const makeAccount = async ({ url, operatorToken: token }: Program, slug: string): Promise<Account> => {
  const owner = { email: `owner@${slug}.example`, password: PASSWORD };
  const { id } = await askJson(`${url}/platform/v1/tenants`, 'POST', { token, body: { slug, name: 'Bench', owner, plans: { 'quantum-lock': 'enterprise' } } });
  const { secret } = await askJson(`${url}/platform/v1/tenants/${slug}/credentials`, 'POST', { token, body: { surface: 'quantum-lock', name: 'bench' } });
  return { tenant: id as TenantId, secret: String(secret) };
};

const generate = async ({ url }: Program, { secret }: Account): Promise<string> => {
  const answer = await fetch(`${url}${LICENCES}/generate`, { method: 'POST', headers: { 'x-api-key': secret, 'content-type': 'application/json' }, body: GENERATE });
  if (answer.status !== 201) throw new Error(`generate: ${answer.status} ${await answer.text()}`);
  return ((await answer.json()) as Readonly<{ license_key: string }>).license_key;
};

const MONTH = '2026-01';
const HOLDER = { subject: randomUUIDv7(), box: 'x'.repeat(260) };

const keyNumber = (number: number): string => `QCOS-${number.toString(16).toUpperCase().padStart(32, '0').match(/.{4}/g)?.join('-') ?? ''}`;

const sold = (number: number): LedgerEvent => ({
  type: 'LicenceGenerated',
  data: {
    number, licenceKey: keyNumber(number), holder: HOLDER, features: ['premium'], fidelity: 0.98412, month: MONTH,
    generatedAt: '2026-01-15T00:00:00.000Z', validUntil: '2036-01-15T00:00:00.000Z',
  },
});

/** One volume of a ledger of `of` volumes, all of them full. */
const volume = (tenant: TenantId, number: number, of: number): Appending => {
  const before = number * LICENCES_IN_A_VOLUME;
  const opened: readonly LedgerEvent[] = number === 0 ? [] : [{ type: 'LedgerVolumeOpened', data: { sold: before, month: MONTH, inMonth: before } }];
  const closed: readonly LedgerEvent[] = number === of - 1 ? [] : [{ type: 'LedgerVolumeClosed', data: { sold: before + LICENCES_IN_A_VOLUME } }];
  const licences = Array.from({ length: LICENCES_IN_A_VOLUME }, (_, index) => sold(before + index + 1));
  return { stream: ledgerStream({ tenant }, number), events: [...opened, ...licences, ...closed] };
};

/** Volumes are appended a few at a time: one of them is as large as a commit should be. */
const fill = async (dataDir: string, { tenant }: Account, licences: number): Promise<void> => {
  const embedded = await openStores(dataDir);
  const volumes = licences / LICENCES_IN_A_VOLUME;
  for (let first = 0; first < volumes; first += 4) {
    await appendAll(embedded.store, Math.min(4, volumes - first), (number) => [volume(tenant, first + number, volumes)]);
  }
  await embedded.close();
};

type Cost = Readonly<{ processorMsPerRequest: number; latencies: Loaded['latencies'] }>;

const createAsking = (client: ReturnType<typeof startHelper>) => {
  const costs = new Map<string, Cost[]>();
  const ask = async ({ url, pid }: Program, load: Pick<Load, 'path' | 'token' | 'body' | 'ms'>, name: string): Promise<number> => {
    const { hostname, port } = new URL(url);
    const before = processorMs(pid);
    const loaded = await client.ask<Loaded>({ ...load, keyHeader: true, host: hostname, port: Number(port), connections: CONNECTIONS } satisfies Load);
    if (loaded.failed > 0) throw new Error(`${loaded.failed} of ${loaded.requests} requests failed: ${loaded.sample}`);
    costs.set(name, [...(costs.get(name) ?? []), { processorMsPerRequest: (processorMs(pid) - before) / loaded.requests, latencies: loaded.latencies }]);
    return loaded.perSecond;
  };
  const told = (name: string): string => {
    const seen = costs.get(name) ?? [];
    return `${milliseconds(median(seen.map(({ processorMsPerRequest }) => processorMsPerRequest)))} of processor time, median ${milliseconds(median(seen.map(({ latencies }) => latencies.median)))}`;
  };
  return { ask, told, costs };
};

type Texts = Readonly<{ ours: string; reference: string; aim: number }>;

const rowOf = (measure: string, found: Compared, { ours, reference, aim }: Texts): Row => ({
  measure: `${measure}, ${CONNECTIONS} connections`,
  ours: `${perSecond(found.ours)}, ${ours}`,
  reference: reference.replace('%', perSecond(found.reference)),
  figure: found.ratio, aim: `≥ ${aim}`, met: found.ratio >= aim,
});

/** Two accounts of one program, one of which has sold so many; every read model is there. */
const prepare = async ({ ground, say }: Settings, many: number) => {
  const dataDir = ground.directory();
  const founding = await startProgram({ dataDir });
  const accounts = { few: await makeAccount(founding, 'few'), many: await makeAccount(founding, 'many') };
  await founding.stop();
  const begin = performance.now();
  await fill(dataDir, accounts.few, FEW);
  await fill(dataDir, accounts.many, many);
  const program = await startProgram({ dataDir });
  say(`  an account of ${many.toLocaleString('en')} licences in ${((performance.now() - begin) / 1_000).toFixed(1)} s`);
  return { program, accounts };
};

export const licences: Benchmark = {
  name: 'licences',
  run: async (settings) => {
    const { quick, ground } = settings;
    const [rounds, ms, warming, many] = quick ? [3, 1_500, 2_000, 100_000] : [7, 2_500, 6_000, 1_000_000];
    const { program, accounts } = await prepare(settings, many);
    const bare = await startProgram({ dataDir: ground.directory(), script: 'test/bench/bare-express.ts' });
    const client = startHelper('load-client.ts');
    const { ask, told, costs } = createAsking(client);
    try {
      const licence = await generate(program, accounts.few);
      const { secret: token } = accounts.few;
      const question = JSON.stringify({ license_key: licence, end_customer_id: CUSTOMER });
      const generating = ({ secret }: Account, name: string, lasting = ms) => ask(program, { path: `${LICENCES}/generate`, token: secret, body: GENERATE, ms: lasting }, name);
      const validating = (lasting = ms) => ask(program, { path: `${LICENCES}/validate`, token, body: question, ms: lasting }, 'validate');
      const echo = (lasting = ms) => ask(bare, { path: '/echo', token, body: GENERATE, ms: lasting }, 'express');
      const warm = [() => generating(accounts.few, 'few', warming), () => generating(accounts.many, 'many', warming), () => validating(warming), () => echo(warming)];
      for (const each of warm) await each();
      costs.clear();
      const generated = compared(await alternate(rounds, () => generating(accounts.few, 'few'), () => echo()));
      const validated = compared(await alternate(rounds, () => validating(), () => echo()));
      const flat = compared(await alternate(rounds, () => generating(accounts.many, 'many'), () => generating(accounts.few, 'few')));
      const reference = `bare Express %, ${told('express')}`;
      return {
        rows: [
          rowOf('generate on one account', generated, { ours: told('few'), reference, aim: GENERATE_AIM }),
          rowOf('validate', validated, { ours: told('validate'), reference, aim: VALIDATE_AIM }),
          rowOf(`generate after ${many.toLocaleString('en')}`, flat, { ours: told('many'), reference: `after ${FEW.toLocaleString('en')} %, ${told('few')}`, aim: FLAT_AIM }),
        ],
        details: { generated, validated, flat, ...Object.fromEntries(costs) },
      };
    } finally {
      await Promise.all([client.stop(), program.stop(), bare.stop()]);
    }
  },
};
