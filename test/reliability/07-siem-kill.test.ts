/**
 * Promise 7, for SIEM sinks, over the program as it is run: killed at any moment, with a collector that refuses now and then, and whatever was
 * answered with 2xx reaches the collector and the files, in order.
 */
import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startCollector, type CollectedEvent } from '../support/collector.ts';
import { seeded } from '../support/seeded.ts';
import { serveProgram } from '../support/served-program.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { until } from '../support/until.ts';

const KILLS = 4;
const WRITERS = 4;
const LONGEST_LIFE_MS = 400;

type Json = Readonly<Record<string, unknown>>;
const uidOf = (event: CollectedEvent): string => String((event['entity'] as Json | undefined)?.['uid']);

describe('promise 7: SIEM sinks of a program that is killed', function suite() {
  this.timeout(120_000);
  let directory: TemporaryDirectory;
  before(() => { directory = temporaryDirectory(); });
  after(() => directory.remove());

  it(`${KILLS} kills: everything that was answered arrives, by HTTP and in files, first arrivals in order`, async () => {
    const collector = await startCollector();
    collector.answers((count) => ({ status: count % 5 === 0 ? 503 : 204 }));
    const random = seeded(7);
    const answered: string[] = [];
    const serve = () => serveProgram({ dataDir: directory.path, env: { OUTBOUND_ALLOW: `127.0.0.1:${collector.port}` } });
    const types = ['chancery.tenancy.credential.created'];
    let fileSink = '';

    for (let life = 0; life <= KILLS; life += 1) {
      const program = serve();
      const url = await program.listening;
      const ask = async (method: string, path: string, body?: object): Promise<Json> => {
        const reply = await fetch(new URL(`/platform/v1${path}`, url), { method, headers: { authorization: `Bearer ${program.operatorToken()}`, 'content-type': 'application/json' }, ...(body && { body: JSON.stringify(body) }) });
        expect(reply.status, path).to.be.lessThan(300);
        return (await reply.json()) as Json;
      };
      if (life === 0) {
        await ask('POST', '/tenants', { slug: 'killed', name: 'Killed', owner: { email: 'owner@killed.example', password: 'a long enough passphrase 7' } });
        await ask('POST', '/tenants/killed/siem-sinks', { name: 'http', kind: 'ocsf-http', url: collector.url, types });
        fileSink = String((await ask('POST', '/tenants/killed/siem-sinks', { name: 'files', kind: 'ndjson-file', types }))['id']);
      }
      const over = new AbortController();
      const write = async (): Promise<void> => {
        while (!over.signal.aborted) answered.push(String((await ask('POST', '/tenants/killed/credentials', { surface: 'quantum-lock', name: 'killed' }))['id']));
      };
      const writers = Array.from({ length: WRITERS }, () => write().catch((error: unknown) => { if (!over.signal.aborted && life === KILLS) throw error; }));
      const killAt = answered.length + 1 + random.below(40);
      await until('answers', () => (answered.length >= killAt ? true : undefined));
      if (life < KILLS) {
        await new Promise<void>((resolve) => { setTimeout(resolve, random.below(LONGEST_LIFE_MS)); });
        program.process.kill('SIGKILL');
        over.abort();
        await Promise.all(writers);
        await program.gone;
        continue;
      }
      over.abort();
      await Promise.all(writers);
      const lines = (): readonly CollectedEvent[] =>
        readdirSync(join(directory.path, 'siem', fileSink)).toSorted().flatMap((name) => readFileSync(join(directory.path, 'siem', fileSink, name), 'utf8').split('\n').slice(0, -1)).map((line) => JSON.parse(line) as CollectedEvent);
      const has = (events: readonly CollectedEvent[]): true | undefined => {
        const uids = new Set(events.map(uidOf));
        return answered.every((id) => uids.has(id)) ? true : undefined;
      };
      await until('the collector', () => has(collector.events()));
      await until('the files', () => has(lines()));
      const firsts = (events: readonly CollectedEvent[]): readonly string[] => [...new Set(events.map(uidOf))];
      expect(firsts(lines())).to.deep.equal(firsts(collector.events()));
      expect(answered.length).to.be.greaterThan(KILLS * 10);
      program.process.kill('SIGTERM');
      await program.gone;
    }
    await collector.close();
  });
});
