/**
 * Promise 6: the log is the truth. A read model that followed events live, one rebuilt from the beginning, and one that was stopped and started at
 * random checkpoints are the same, byte for byte (SHA-256 over RFC 8785), over random histories.
 */
import { expect } from 'chai';
import { randomInt } from 'node:crypto';
import { catalogue } from '../../application/catalogue.ts';
import { createEventCodec } from '../../application/kernel/event-codec.ts';
import { ledgerStream, licenceStream, signingKeysStream, validationsStream } from '../../application/licensing/streams.ts';
import { openMongoReadModels } from '../../infrastructure/mongodb/read-model-store.ts';
import { digestOf } from '../../projections/kernel/digest.ts';
import type { AnyProjection } from '../../projections/kernel/projection.ts';
import { webhookProjections } from '../../projections/delivery/index.ts';
import { licensingProjections } from '../../projections/licensing/index.ts';
import { generatedEvent, keyNumber, revokedEvent, signingKeyAdded } from '../support/licensing.ts';
import { openTestMongo, type TestMongo } from '../support/mongo.ts';
import { describeWithEngine } from '../support/pending.ts';
import { counted, noted, sampleCodec, someCause, someStream, someTenant } from '../support/sample-events.ts';
import { tallies, texts } from '../support/sample-projections.ts';
import { seeded } from '../support/seeded.ts';
import { silentLogger } from '../support/silent.ts';
import { webhookLives } from '../support/webhook-history.ts';
import { appendSome, differing, EVENTS, follow, type History, inDirectory } from './replay-ways.ts';

const HISTORIES = Number(process.env['CHANCERY_HISTORIES'] ?? 20);

const samples: History = {
  codec: sampleCodec,
  begin: ({ store }, random) => {
    const streams = Array.from({ length: 20 }, () => someStream(someTenant()));
    return () => {
      const event = random.chance(0.5) ? noted(`text ${random.below(30)}`) : counted(random.below(9));
      return store.append(random.pick(streams), 'any', [event], someCause);
    };
  },
};

/** Accounts that generate, validate and revoke, and change the keys that they sign with. */
const licences: History = {
  codec: createEventCodec(catalogue),
  begin: ({ store }, random) => {
    const accounts = Array.from({ length: 3 }, () => ({ tenant: someTenant(), sold: 0, revoked: new Set<number>() }));
    const instant = (): string => new Date(Date.UTC(2026, 10, 1 + random.below(60), random.below(24))).toISOString();
    return () => {
      const account = random.pick(accounts);
      const { tenant, sold, revoked } = account;
      const number = 1 + random.below(Math.max(1, sold));
      const licenceKey = keyNumber(number);
      if (sold > 0 && random.chance(0.2)) {
        const data = { licenceKey, verdict: 'valid', validatedAt: instant() };
        return store.append(validationsStream(tenant, '2026-11-22'), 'any', [{ type: 'LicenceValidated', data }], someCause);
      }
      if (sold > 0 && !revoked.has(number) && random.chance(0.3)) {
        revoked.add(number);
        return store.append(licenceStream(tenant, licenceKey), 'any', [revokedEvent({ licenceKey, revokedAt: instant() })], someCause);
      }
      if (random.chance(0.05)) return store.append(signingKeysStream(tenant), 'any', [signingKeyAdded({ kid: `kid-${random.below(20)}`.padEnd(43, '_'), addedAt: instant() })], someCause);
      account.sold += 1;
      const generated = generatedEvent({ number: account.sold, licenceKey: keyNumber(account.sold), validUntil: instant() });
      return store.append(ledgerStream({ tenant }, 0), 'any', [generated], someCause);
    };
  },
};

/** Endpoints that come, change and go, and what became of deliveries to them. */
const webhooks: History = { codec: createEventCodec(catalogue), begin: webhookLives };

/** Made-up events turn up what is wrong with the runner, the program's own what is wrong with its read models. */
const LIVES = [
  ['sample events', { history: samples, projections: [tallies, texts] }, HISTORIES],
  ['events of licences', { history: licences, projections: licensingProjections }, Math.ceil(HISTORIES / 4)],
  ['events of webhooks', { history: webhooks, projections: webhookProjections }, Math.ceil(HISTORIES / 4)],
] as const;

describe('promise 6: replaying gives the same read models, byte for byte', function suite() {
  this.timeout(60_000 * Math.max(1, (HISTORIES * EVENTS) / 20_000));

  for (const [name, life, histories] of LIVES) {
    it(`${histories} random histories of about ${EVENTS} ${name}`, async () => {
      const seed = randomInt(2 ** 31);
      expect(await differing({ ...life, random: seeded(seed) }, histories), `seed ${seed}`).to.equal(0);
    });
  }

  it('a rebuild in place leaves the same digest', async () => {
    await inDirectory(sampleCodec, async (opened) => {
      await appendSome(samples.begin(opened, seeded(7)), EVENTS);
      const projections = await follow(opened, [tallies]);
      await projections.caughtUp();
      const before = await digestOf(opened.readModels, tallies);
      await projections.rebuild('tallies');
      await projections.stop();
      expect(await digestOf(opened.readModels, tallies)).to.deep.equal(before);
    });
  });

  it('goes red on a projection that asks the time', async () => {
    const timed: AnyProjection = { ...texts, on: { Noted: (known) => ({ ...known, seen: Number(process.hrtime.bigint() % 1_000_000n) }) }, id: ({ id }) => id };
    expect(await differing({ history: samples, projections: [timed], random: seeded(1) }, 1)).to.equal(1);
  });

  it('goes red on a projection that goes by the order in which a Set of its own was filled', async () => {
    const seen = new Set<string>();
    const ordered: AnyProjection = {
      ...tallies,
      id: ({ id }) => id,
      on: { Noted: (known, { id, position }) => {
        seen.delete(id);
        seen.add(id);
        return { ...known, before: [...seen].at(-2), position };
      } },
    };
    expect(await differing({ history: samples, projections: [ordered], random: seeded(1) }, 1)).to.equal(1);
  });
});

describeWithEngine('promise 6: replaying into MongoDB gives what the embedded read models hold, byte for byte', 'MONGO_URL', (address) => {
  let mongo: TestMongo;
  before(async () => { mongo = await openTestMongo(address); });
  after(() => mongo.remove());

  for (const [name, life] of LIVES) {
    it(`a random history of about ${EVENTS} ${name}`, async () => {
      const seed = randomInt(2 ** 31);
      const elsewhere = openMongoReadModels({ mongo: mongo.mongo, logger: silentLogger });
      expect(await differing({ ...life, random: seeded(seed), elsewhere }, 1), `seed ${seed}`).to.equal(0);
    }).timeout(240_000);
  }
});
