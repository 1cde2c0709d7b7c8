/** What a process keeps of licences, to find them without asking a read model: as many as fit, however large they are. */
import { expect } from 'chai';
import type { ReadModelStore } from '../../../application/kernel/read-models.ts';
import type { GeneratedLicence } from '../../../application/licensing/ports.ts';
import type { TenantId } from '../../../domain/kernel/ids.ts';
import type { Reader } from '../../../projections/kernel/reader.ts';
import { createLicenceIndex } from '../../../projections/licensing/licence-index.ts';
import { generatedEvent, keyNumber } from '../../support/licensing.ts';

const TENANT = '019aa5c4-6f00-7000-8000-000000000001' as TenantId;
const MOST_BYTES = 32 * 1_048_576;

/** An index whose read model knows nothing: what is found was kept. */
const open = () => {
  const none = { open: async () => ({ get: async () => undefined }), serving: (definition: object) => definition } as unknown as Reader;
  return createLicenceIndex({ reader: none, readModels: { open: () => ({ get: async () => undefined }) } as unknown as ReadModelStore });
};
const bytesOf = (licence: GeneratedLicence): number => Buffer.byteLength(JSON.stringify(licence));

const kept = async (count: number, made: (number: number) => GeneratedLicence): Promise<readonly GeneratedLicence[]> => {
  const index = open();
  const licences = Array.from({ length: count }, (_, number) => made(number));
  for (const licence of licences) index.remember(TENANT, licence);
  const found: GeneratedLicence[] = [];
  for (const { licenceKey } of licences.toReversed()) {
    const licence = await index.find(TENANT, licenceKey);
    if (licence === undefined) break;
    found.push(licence);
  }
  return found;
};

const holder = (length: number) => ({ subject: '019aa5c4-6f00-7000-8000-00000000000a', box: 'x'.repeat(length) });
const face = '\u{1F600}';

describe('the licences that a process keeps', () => {
  it('are thousands of common ones, the newest of all', async () => {
    const found = await kept(20_000, (number) => generatedEvent({ licenceKey: keyNumber(number), holder: holder(400) }).data);
    expect(found.length).to.be.greaterThan(7_000);
    expect(found.reduce((sum, licence) => sum + bytesOf(licence), 0)).to.be.at.most(MOST_BYTES);
  });

  it('are few of the largest, whose size is in their features and in what is sealed', async () => {
    for (const large of [{ features: Array.from({ length: 100 }, () => face.repeat(100)) }, { holder: holder(30_000) }]) {
      const found = await kept(2_000, (number) => generatedEvent({ licenceKey: keyNumber(number), ...large }).data);
      expect(found.length).to.be.greaterThan(200);
      expect(found.reduce((sum, licence) => sum + bytesOf(licence), 0)).to.be.at.most(MOST_BYTES);
    }
  });
});
