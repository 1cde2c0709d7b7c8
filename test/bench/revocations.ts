/** A long revocation list over HTTP: how long it takes, and what it costs in memory, seen from outside. */
import { createHash } from 'node:crypto';
import type { TenantId } from '../../domain/kernel/ids.ts';
import { licenceStream } from '../../application/licensing/streams.ts';
import type { LicenceRevoked } from '../../domain/licensing/licence.events.ts';
import type { Benchmark, Settings } from './benchmark.ts';
import { type Program, residentBytes, startProgram } from './child.ts';
import { appendAll, askJson, openStores, SLUG } from './ground.ts';
import { median, megabytes, milliseconds, timed } from './measure.ts';
import type { Appending } from './samples.ts';

const AIM_MS = 1_000;
const AIM_BYTES = 64 * 1_048_576;
const SAMPLE_MS = 5;
const ROUNDS = 7;
const START = Date.parse('2026-01-01T00:00:00.000Z');
/** `,"QCOS-…"` */
const KEY_BYTES = 47;

const revoked = (tenant: TenantId, number: number): Appending => {
  const groups = createHash('sha256').update(String(number)).digest('hex').slice(0, 32).toUpperCase().match(/.{4}/g) ?? [];
  const licenceKey = `QCOS-${groups.join('-')}`;
  const event: LicenceRevoked = { type: 'LicenceRevoked', data: { licenceKey, revokedAt: new Date(START + number * 1_000).toISOString() } };
  return { stream: licenceStream(tenant, licenceKey), events: [event] };
};

type Account = Readonly<{ dataDir: string; secret: string; keys: number }>;

const prepare = async (dataDir: string, keys: number): Promise<Account> => {
  const program = await startProgram({ dataDir });
  const token = program.operatorToken;
  const owner = { email: 'owner@bench.example', password: 'plenty of words to remember 7' };
  const tenant = await askJson(`${program.url}/platform/v1/tenants`, 'POST', { token, body: { slug: SLUG, name: 'Bench', owner } });
  const { secret } = await askJson(`${program.url}/platform/v1/tenants/${SLUG}/credentials`, 'POST', { token, body: { surface: 'quantum-lock', name: 'bench' } });
  await program.stop();
  const embedded = await openStores(dataDir);
  await appendAll(embedded.store, keys, (number) => [revoked(tenant['id'] as TenantId, number)]);
  await embedded.close();
  // Once, so that the read model is there: how it is filled is measured elsewhere.
  await (await startProgram({ dataDir })).stop();
  return { dataDir, secret: String(secret), keys };
};

/** Reads the whole list as it comes, keeping nothing but its end. */
const readList = async ({ url }: Program, { secret, keys }: Account, query = ''): Promise<void> => {
  const answer = await fetch(`${url}/quantum-lock/api/v1/revocations${query}`, { headers: { 'x-api-key': secret } });
  if (answer.status !== 200 || answer.body === null) throw new Error(`revocations: ${answer.status} ${await answer.text()}`);
  let bytes = 0;
  let end = '';
  for await (const chunk of answer.body) {
    bytes += (chunk as Uint8Array).length;
    end = `${end}${Buffer.from(chunk as Uint8Array).toString('latin1')}`.slice(-200);
  }
  if (!end.includes(`],"count":${keys},`) || bytes < keys * KEY_BYTES) throw new Error(`a list of ${keys} that ends ${end}`);
};

type Measured = Readonly<{ keys: number; ready: number; peak: number; rounds: readonly number[] }>;

const measure = async (account: Account, rounds: number): Promise<Measured> => {
  const program = await startProgram(account);
  const ready = residentBytes(program.pid);
  let peak = ready;
  const watching = setInterval(() => { peak = Math.max(peak, residentBytes(program.pid)); }, SAMPLE_MS);
  try {
    const times: number[] = [];
    for (let round = 0; round < rounds; round += 1) times.push(await timed(() => readList(program, account)));
    return { keys: account.keys, ready, peak, rounds: times };
  } finally {
    clearInterval(watching);
    await program.stop();
  }
};

export const revocations: Benchmark = {
  name: 'revocations',
  run: async ({ quick, ground }: Settings) => {
    const rounds = quick ? 3 : ROUNDS;
    const short = await measure(await prepare(ground.directory(), 10_000), rounds);
    const long = await measure(await prepare(ground.directory(), 100_000), rounds);
    const figure = median(long.rounds);
    const more = (long.peak - short.peak) / 1_048_576;
    const keys = `${long.keys.toLocaleString('en')} keys`;
    return {
      rows: [
        { measure: `revocation list, ${keys}`, ours: milliseconds(figure), reference: `${milliseconds(median(short.rounds))} at 10,000`, figure, aim: `≤ ${milliseconds(AIM_MS)}`, met: figure <= AIM_MS },
        { measure: `peak while it is sent, ${keys}`, ours: megabytes(long.peak), reference: `${megabytes(short.peak)} at 10,000`, figure: more, aim: `≤ ${megabytes(AIM_BYTES)} more`, met: more <= AIM_BYTES / 1_048_576 },
      ],
      details: { short, long },
    };
  },
};
