/**
 * Promise 17 for keys: seeds are in no file and no log line, in no form. Each imported seed is a canary; those that the program made are taken
 * out of it and looked for as well.
 */
import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { resolve } from '../../api/composition/provide.ts';
import { startProgram, type Program } from '../../api/composition/program.ts';
import { kms, storage } from '../../api/composition/tokens.ts';
import { kmsKeyStream, seedPlace } from '../../application/keys/kms-keys.ts';
import type { TenantId } from '../../domain/kernel/ids.ts';
import { signingKeysStream, signingSeedPlace } from '../../application/licensing/streams.ts';
import type { LicenceSigningKeyAdded } from '../../domain/licensing/signing-keys.events.ts';
import type { SealedSecret } from '../../domain/kernel/sealed.ts';
import type { KmsKeyName } from '../../domain/keys/kms-key.events.ts';
import { readConfig } from '../../infrastructure/runtime/config.ts';
import { createLogger } from '../../infrastructure/runtime/logger.ts';
import { rejection } from '../support/rejections.ts';
import { failOnFatal } from '../support/silent.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';

const CANARIES = 20;
const ALGORITHMS = ['ML-DSA-65', 'ML-DSA-87', 'ED25519'] as const;

/** Every way in which bytes may be written down. */
const formsOf = (secret: Uint8Array): readonly Buffer[] => {
  const bytes = Buffer.from(secret);
  const hex = bytes.toString('hex');
  // Base64 of the bytes wherever they begin in a longer text: what every alignment leaves the same.
  const aligned = [0, 1, 2].map((offset) => Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64').slice(offset === 0 ? 0 : 4, 40));
  return [bytes, ...[hex, hex.toUpperCase(), ...aligned, ...aligned.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')), JSON.stringify([...bytes]).slice(1, -1)].map((text) => Buffer.from(text))];
};

describe('promise 17: seeds of signing keys stay sealed', function suite() {
  this.timeout(60_000);
  let directory: TemporaryDirectory;
  let program: Program;
  let tenant: TenantId;
  const lines: string[] = [];
  before(async () => {
    directory = temporaryDirectory();
    const config = readConfig({ PORT: '0', LOG_LEVEL: 'debug', DATA_DIR: directory.path });
    program = await startProgram({ config, logger: createLogger({ level: 'debug', destination: { write: (line) => void lines.push(line) } }), onFatal: failOnFatal });
    tenant = (await make('/tenants', { slug: 'seeds', name: 'Seeds', owner: { email: 'owner@seeds.example', password: 'plenty of words to remember 7' } }))['id'] as TenantId;
  });
  after(async () => {
    await program.stop();
    directory.remove();
  });

  const make = async (path: string, body: object, headers: Readonly<Record<string, string>> = {}): Promise<Readonly<Record<string, unknown>>> => {
    const answer = await fetch(`${program.url}/platform/v1${path}`, { method: 'POST', headers: { authorization: `Bearer ${program.operatorToken}`, 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) });
    const text = await answer.text();
    lines.push(text);
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  };

  /** Whether any form of it is in a file, a log line or an answer. */
  const found = (secrets: readonly Uint8Array[]): readonly string[] => {
    const files = readdirSync(directory.path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    const contents = [...files.map((file) => [file, readFileSync(file)] as const), ['log', Buffer.from(lines.join('\n'))] as const];
    return contents.filter(([, content]) => secrets.flatMap(formsOf).some((form) => content.includes(form))).map(([file]) => file);
  };

  it(`${CANARIES} imported seeds and those that were made are in no database, WAL, log or answer`, async () => {
    const seeds = Array.from({ length: CANARIES }, () => randomBytes(32));
    const { secret } = await make('/tenants/seeds/credentials', { surface: 'quantum-lock', kind: 'service', name: 'billing' });
    for (const [index, seed] of seeds.entries()) {
      const [algorithm, encoding] = [ALGORITHMS[index % 3] ?? 'ED25519', index % 2 === 0 ? 'base64' : 'base64url'] as const;
      const imported = await make('/tenants/seeds/kms-keys', { key_id: `key-${index}`, algorithm, seed: seed.toString(encoding) }, { 'idempotency-key': `"${index}"` });
      expect(imported['can_sign']).to.equal(true);
      // Refused with its seed in hand.
      await make('/tenants/seeds/kms-keys', { key_id: `key-${index}`, algorithm, seed: seed.toString(encoding) });
      await make('/tenants/seeds/kms-keys', { key_id: `key ${index}`, algorithm, seed: seed.toString(encoding) });
      const signed = await fetch(`${program.url}/quantum-lock/api/v1/kms/sign`, { method: 'POST', headers: { authorization: `Bearer ${String(secret)}`, 'content-type': 'application/json' }, body: JSON.stringify({ data: '', key_id: `key-${index}`, algorithm }) });
      expect(signed.status).to.equal(200);
      await make(`/tenants/seeds/kms-keys/key-${index}/rotate`, {});
    }
    const keys = resolve(program.container, kms.keys);
    const made = await Promise.all(seeds.map(async (_, index) => {
      const algorithm = (['ML-DSA-65', 'ML-DSA-87', 'Ed25519'] as const)[index % 3] ?? 'Ed25519';
      const key = await keys.find(tenant, { keyId: `key-${index}`, algorithm, service: null });
      const [newest, first] = key?.live ?? [];
      if (key === undefined || newest === undefined || first === undefined) throw new Error('the key has not been made and rotated');
      const opened = await Promise.all([newest, first].map(({ kid, seed }) => resolve(program.container, storage.secrets).open(seedPlace(tenant, key.name, kid), seed as SealedSecret)));
      expect(Buffer.from(opened[1] ?? []), 'what is searched for is what is kept').to.deep.equal(seeds[index]);
      return opened[0] as Uint8Array;
    }));
    expect(lines.filter((line) => line.includes('"msg":"request"')).length, 'log lines searched').to.be.greaterThan(CANARIES);
    expect(found([...seeds, ...made])).to.deep.equal([]);
  });

  it('those of the keys that sign licences neither', async () => {
    for (let turn = 0; turn < 5; turn += 1) await make('/tenants/seeds/licence-signing-keys/rotate', {});
    const opened: Uint8Array[] = [];
    for await (const { data: { kid, seed } } of resolve(program.container, storage.store).read<LicenceSigningKeyAdded>(signingKeysStream(tenant))) {
      opened.push(await resolve(program.container, storage.secrets).open(signingSeedPlace(tenant, kid), seed));
    }
    expect(opened).to.have.length(10);
    for (const seed of opened) expect(seed).to.have.length(32);
    expect(found(opened)).to.deep.equal([]);
  });

  it('opens no seed in another place', async () => {
    const secrets = resolve(program.container, storage.secrets);
    const name: KmsKeyName = { keyId: 'moved', algorithm: 'Ed25519', service: null };
    const seed = randomBytes(32);
    const sealed = await secrets.seal(seedPlace(tenant, name, 'kid'), Uint8Array.from(seed));
    expect(Buffer.from(await secrets.open(seedPlace(tenant, name, 'kid'), sealed))).to.deep.equal(seed);
    const elsewhere = [seedPlace(tenant, name, 'other'), seedPlace(tenant, { ...name, keyId: 'other' }, 'kid'), seedPlace(tenant, { ...name, service: 'billing' }, 'kid'), { tenant, place: kmsKeyStream(tenant, name) }];
    for (const place of elsewhere) expect((await rejection(secrets.open(place, sealed))).code).to.equal('kernel.seal_broken');
  });

  it('goes red when a seed is written down in any form', () => {
    const seed = randomBytes(32);
    for (const text of [seed, seed.toString('hex'), JSON.stringify({ seed: seed.toString('base64') }), Buffer.from(`x${seed.toString('latin1')}`, 'latin1').toString('base64url'), JSON.stringify([...seed])]) {
      const file = join(directory.path, 'planted');
      writeFileSync(file, text);
      expect(found([seed])).to.deep.equal([file]);
    }
  });
});
