/** The licence behind a key, for whoever cannot wait for a read model that already knows it. */
import { createRecent } from '../../application/kernel/recent.ts';
import type { ReadModelStore } from '../../application/kernel/read-models.ts';
import type { GeneratedLicence, LicenceIndex } from '../../application/licensing/ports.ts';
import type { TenantId } from '../../domain/kernel/ids.ts';
import type { Reader } from '../kernel/reader.ts';
import { licensingLicences, type LicenceDocument } from './licences.ts';

/** Bytes, of which the map holds between one and two times as many: 32 MiB in all, whatever each licence takes. */
const KEPT = 16 * 1_048_576;

/** The licence, its key in the map, and all of its texts that are short. */
const SHORT_PARTS = 1_000;
const STRING_BYTES = 24;

/** About what a licence takes in memory: two bytes for each character of a feature, and one of the box, which is base64url. */
const weigh = ({ holder, features }: GeneratedLicence): number =>
  features.reduce((sum, { length }) => sum + STRING_BYTES + 2 * length, SHORT_PARTS + holder.box.length);

const keyOf = (tenant: TenantId, licenceKey: string): string => `${tenant} ${licenceKey}`;

export const createLicenceIndex = ({ reader, readModels }: Readonly<{ reader: Reader; readModels: ReadModelStore }>): LicenceIndex => {
  // What a licence was generated with never changes, and what is personal about it is sealed: what was found once may be kept.
  const found = createRecent<string, GeneratedLicence>(KEPT, weigh);
  return {
    remember: (tenant, licence) => found.set(keyOf(tenant, licence.licenceKey), licence),
    find: async (tenant, licenceKey) => {
      const key = keyOf(tenant, licenceKey);
      const known = found.get(key);
      if (known !== undefined) return known;
      const served = await readModels.open<LicenceDocument>(tenant, reader.serving(licensingLicences)).get(licenceKey);
      const licence = served ?? (await (await reader.open<LicenceDocument>(tenant, licensingLicences)).get(licenceKey));
      if (licence !== undefined) found.set(key, licence);
      return licence;
    },
  };
};
