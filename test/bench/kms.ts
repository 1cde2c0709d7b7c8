/** The KMS over HTTP by the whole program: ML-DSA-65 held against the machine's own limit for it, Ed25519 against bare Express. */
import { randomBytes } from 'node:crypto';
import type { Benchmark } from './benchmark.ts';
import { processorMs, type Program, startHelper, startProgram } from './child.ts';
import type { Limit, Question } from './kms-limit.ts';
import type { Load, Loaded } from './load-client.ts';
import { alternate, type Compared, compared, median, milliseconds, perSecond } from './measure.ts';
import type { Row } from './report.ts';

const ML_DSA_AIM = 0.85;
const ED25519_AIM = 0.6;
const CONNECTIONS = 64;
const SLUG = 'kms-bench';
const PATH = '/quantum-lock/api/v1/kms/sign';

const bodyFor = (algorithm: string): string => JSON.stringify({ data: randomBytes(32).toString('base64'), key_id: 'default', algorithm });

/** The secret of a service of a new tenant. */
const makeService = async ({ url, operatorToken }: Program): Promise<string> => {
  const make = async (path: string, body: object): Promise<Readonly<Record<string, unknown>>> => {
    const answer = await fetch(`${url}/platform/v1${path}`, { method: 'POST', headers: { authorization: `Bearer ${operatorToken}`, 'content-type': 'application/json' }, body: JSON.stringify(body) });
    if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as Readonly<Record<string, unknown>>;
  };
  await make('/tenants', { slug: SLUG, name: 'KMS bench', owner: { email: 'owner@kms-bench.example', password: 'plenty of words to remember 7' } });
  return String((await make(`/tenants/${SLUG}/credentials`, { surface: 'quantum-lock', kind: 'service', name: 'bench' }))['secret']);
};

type Cost = Readonly<{ processorMsPerRequest: number; latencies: Loaded['latencies'] }>;

const createAsking = (client: ReturnType<typeof startHelper>) => {
  const costs = new Map<string, Cost[]>();
  const ask = async ({ url, pid }: Program, load: Pick<Load, 'path' | 'token' | 'body' | 'ms'>, name: string): Promise<number> => {
    const { hostname, port } = new URL(url);
    const before = processorMs(pid);
    const loaded = await client.ask<Loaded>({ ...load, host: hostname, port: Number(port), connections: CONNECTIONS } satisfies Load);
    if (loaded.failed > 0) throw new Error(`${loaded.failed} of ${loaded.requests} requests failed: ${loaded.sample}`);
    costs.set(name, [...(costs.get(name) ?? []), { processorMsPerRequest: (processorMs(pid) - before) / loaded.requests, latencies: loaded.latencies }]);
    return loaded.perSecond;
  };
  const processor = (name: string): string => milliseconds(median((costs.get(name) ?? []).map(({ processorMsPerRequest }) => processorMsPerRequest)));
  const latency = (name: string): string => milliseconds(median((costs.get(name) ?? []).map(({ latencies }) => latencies.median)));
  return { ask, processor, latency, costs };
};

const rowOf = (measure: string, found: Compared, texts: Readonly<{ ours: string; reference: string; aim: number }>): Row => ({
  measure,
  ours: `${perSecond(found.ours)}, ${texts.ours}`,
  reference: texts.reference.replace('%', perSecond(found.reference)),
  figure: found.ratio, aim: `≥ ${texts.aim}`, met: found.ratio >= texts.aim,
});

export const kms: Benchmark = {
  name: 'kms',
  run: async ({ quick, ground }) => {
    const [rounds, ms, warming] = quick ? [3, 1_500, 2_000] : [7, 2_500, 6_000];
    const program = await startProgram({ dataDir: ground.directory() });
    const bare = await startProgram({ dataDir: ground.directory(), script: 'test/bench/bare-express.ts' });
    const client = startHelper('load-client.ts');
    const limit = startHelper('kms-limit.ts');
    const { ask, processor, latency, costs } = createAsking(client);
    try {
      const token = await makeService(program);
      const limits: Limit[] = [];
      const raw = async (): Promise<number> => {
        const measured = await limit.ask<Limit>({ ms } satisfies Question);
        limits.push(measured);
        return measured.perSecond;
      };
      const sign = (algorithm: string, lasting = ms): Promise<number> => ask(program, { path: PATH, token, body: bodyFor(algorithm), ms: lasting }, algorithm);
      const echo = (lasting = ms): Promise<number> => ask(bare, { path: '/echo', token, body: bodyFor('ED25519'), ms: lasting }, 'express');
      // The program's code is compiled while it runs: it is measured as it is after the first thousands of requests.
      for (const warm of [() => sign('ED25519', warming), () => sign('ML-DSA-65', warming), () => echo(warming), raw]) await warm();
      costs.clear();
      limits.length = 0;
      const mlDsa = compared(await alternate(rounds, () => sign('ML-DSA-65'), raw));
      const ed25519 = compared(await alternate(rounds, () => sign('ED25519'), () => echo()));
      const perSignature = milliseconds(median(limits.map(({ processorMsPerSignature }) => processorMsPerSignature)));
      const told = (name: string): string => `${processor(name)} of processor time, median ${latency(name)}`;
      const rows = [
        rowOf(`sign ML-DSA-65, ${CONNECTIONS} connections`, mlDsa, { ours: told('ML-DSA-65'), reference: `crypto.sign %, ${perSignature}`, aim: ML_DSA_AIM }),
        rowOf(`sign Ed25519, ${CONNECTIONS} connections`, ed25519, { ours: told('ED25519'), reference: `bare Express %, ${processor('express')}`, aim: ED25519_AIM }),
      ];
      return { rows, details: { mlDsa, ed25519, limits, ...Object.fromEntries(costs) } };
    } finally {
      await Promise.all([client.stop(), limit.stop(), program.stop(), bare.stop()]);
    }
  },
};
